select t.* from public.embedding_tasks as t where t.status = 'pending' and t.priority = 'low';
