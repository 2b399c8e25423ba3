-- Connections as percent of those that the server allows.
select (100 * pg_catalog.count(*))::float8 / pg_catalog.current_setting('max_connections')::int as percent
from pg_catalog.pg_stat_activity
where backend_type = 'client backend';
