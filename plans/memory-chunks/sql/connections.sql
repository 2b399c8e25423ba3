-- Connections of relay-api, by the name that it gives them. A pool of about five is normal.
select pg_catalog.count(*) as connections
from pg_catalog.pg_stat_activity
where backend_type = 'client backend'
  and datname = pg_catalog.current_database()
  and application_name like 'relay-api%';
