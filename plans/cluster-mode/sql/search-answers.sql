-- The nearest neighbour of a vector that is known is this vector: search answers, and answers rightly. By the index where
-- there is one, else by a sequential scan. The operator is qualified, since the search_path is empty.
select pg_catalog.count(*) filter (where key = 'v-1') as found
from (
  select key
  from public.vectors
  where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  order by embedding operator(public.<=>) (
    select known.embedding
    from public.vectors as known
    where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
      and known.key = 'v-1'
    limit 1
  )
  limit 10
) as nearest;
