-- Rows that the canary tenant sees. Any number will do where the question is whether the table can be read at all.
select pg_catalog.count(*) as rows
from public.memory_chunks
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null;
