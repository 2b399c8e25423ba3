-- At most one row, as the application reads it. Row-level security answers a session without a tenant with no rows, so
-- the canary tenant is set first: an uncorrelated sub-select is evaluated once, before the table is read.
select pg_catalog.count(*) as machines
from (
  select 1
  from public.machines
  where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  limit 1
) as one;
