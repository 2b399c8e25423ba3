-- The collections of the canary tenant, as the service lists them.
select pg_catalog.count(*) as collections
from public.collections
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null;
