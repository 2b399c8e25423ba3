select pg_catalog.count(*) as tasks from public.embedding_tasks where status = 'pending' and priority = 'low';
