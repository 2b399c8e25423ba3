-- What each running pod says: the value in the pod, not the one that a ConfigMap or a variable ought to give it.
select pod as consumer, hub_enabled as value
from public.service_instances
where seen_at > pg_catalog.now() - interval '1 minute';
