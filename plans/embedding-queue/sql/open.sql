select pg_catalog.count(*) filter (where status = 'pending') as pending,
  pg_catalog.count(*) filter (where status = 'processing') as processing
from public.embedding_tasks
where status in ('pending', 'processing');
