-- Workers that are connected: each names itself "embedding-worker". A flag that is set stops none that does not look at it.
select pg_catalog.count(*) as workers
from pg_catalog.pg_stat_activity
where datname = pg_catalog.current_database() and application_name like 'embedding-worker%';
