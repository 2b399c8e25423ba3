-- Whether the application has no more connections than twice its pool of five.
select pg_catalog.count(*) <= 10 as normal
from pg_catalog.pg_stat_activity
where backend_type = 'client backend'
  and datname = pg_catalog.current_database()
  and application_name like 'relay-api%';
