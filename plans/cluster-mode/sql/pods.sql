-- Pods as they say it themselves; one that has not been seen for a minute is gone.
select pod, version, hub_enabled, seen_at, seen_at > pg_catalog.now() - interval '1 minute' as running
from public.service_instances
order by pod;
