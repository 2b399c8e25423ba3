-- Rows of other tenants that the canary tenant can see. Anything but 0 is a leak.
select pg_catalog.count(*) as foreign_rows
from public.memory_chunks
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  and tenant_id <> '00000000-0000-4000-8000-000000000001';
