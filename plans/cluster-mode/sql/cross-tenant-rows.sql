-- Rows of other tenants that the canary tenant can see. Anything but 0 is a breach.
select pg_catalog.count(*) as foreign_rows
from (
  select tenant_id from public.vectors where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  union all
  select tenant_id from public.collections where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
) as visible
where tenant_id <> '00000000-0000-4000-8000-000000000001';
