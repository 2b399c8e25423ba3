-- Running pods that still act on the flag. One that has not been seen for a minute is gone.
select pod
from public.service_instances
where seen_at > pg_catalog.now() - interval '1 minute' and hub_enabled <> 'false';
