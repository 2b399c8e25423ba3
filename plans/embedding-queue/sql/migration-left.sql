select pg_catalog.count(*) as migration_tasks
from public.embedding_tasks
where metadata ->> 'reason' = 'migration' and status in ('pending', 'processing');
