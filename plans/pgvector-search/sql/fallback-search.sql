-- The text search that answers while vector search is off.
select pg_catalog.count(*) as found
from (
  select id
  from public.document_chunks
  where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
    and search @@ pg_catalog.websearch_to_tsquery('pg_catalog.english', 'canary')
  order by id
  limit 10
) as nearest;
