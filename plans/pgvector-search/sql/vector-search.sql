-- The nearest neighbours of one of the canary tenant's own embeddings: by the index where there is one, else by a
-- sequential scan. The operator is qualified, since the search_path is empty.
select pg_catalog.count(*) as found
from (
  select id
  from public.embeddings
  where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  order by embedding operator(public.<=>) (
    select own.embedding
    from public.embeddings as own
    where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
    order by own.id
    limit 1
  )
  limit 10
) as nearest;
