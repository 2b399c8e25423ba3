select t.* from public.embedding_tasks as t where t.status in ('pending', 'processing');
