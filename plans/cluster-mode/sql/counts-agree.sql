-- Whether every collection of the canary tenant holds as many vectors as the service has counted into it; null without any.
select pg_catalog.bool_and(c.vector_count = (
  select pg_catalog.count(*) from public.vectors as v where v.collection_id = c.id
)) as agree
from public.collections as c
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null;
