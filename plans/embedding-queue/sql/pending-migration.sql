select t.* from public.embedding_tasks as t
where t.metadata ->> 'reason' = 'migration' and t.status = 'pending';
