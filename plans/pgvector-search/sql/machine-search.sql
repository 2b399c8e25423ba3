-- The text search that is left when chunks and embeddings are out of reach.
select pg_catalog.count(*) as found
from (
  select id
  from public.machines
  where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
    and search @@ pg_catalog.websearch_to_tsquery('pg_catalog.english', 'canary')
  order by id
  limit 10
) as nearest;
