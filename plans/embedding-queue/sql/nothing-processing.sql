select pg_catalog.count(*) as processing from public.embedding_tasks where status = 'processing';
