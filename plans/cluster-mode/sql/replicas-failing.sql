-- Followers of the cluster that do not follow.
select pg_catalog.count(*) as failing
from public.replication_state
where state = 'broken' or lag_seconds > 60;
