select coalesce(pg_catalog.max(pg_catalog.extract('epoch', pg_catalog.now() - started_at)), 0) as seconds
from public.embedding_tasks
where status = 'processing';
