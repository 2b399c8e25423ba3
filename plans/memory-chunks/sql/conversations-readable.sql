-- Conversations that the canary tenant sees: what the application serves without memory.
select pg_catalog.count(*) as conversations
from public.conversations
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null;
