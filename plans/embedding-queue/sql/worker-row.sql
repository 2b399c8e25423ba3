select w.* from public.embedding_worker_status as w where w.is_running;
