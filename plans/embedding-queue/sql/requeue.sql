update public.embedding_tasks
set status = 'pending', error_message = null, started_at = null, completed_at = null
where id in (select id from pg_temp.captured);
