-- Rows that the canary tenant sees.
select pg_catalog.count(*) as embeddings
from public.embeddings
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null;
