select pg_catalog.count(*) as workers from public.embedding_worker_status;
