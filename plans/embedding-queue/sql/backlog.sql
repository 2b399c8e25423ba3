select pg_catalog.count(*) as pending from public.embedding_tasks where status = 'pending';
