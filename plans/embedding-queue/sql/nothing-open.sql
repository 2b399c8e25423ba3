select pg_catalog.count(*) as open from public.embedding_tasks where status in ('pending', 'processing');
