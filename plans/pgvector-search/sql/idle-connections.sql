-- Connections of this database that do nothing.
select pg_catalog.count(*) as idle
from pg_catalog.pg_stat_activity
where state = 'idle'
  and datname = pg_catalog.current_database();
