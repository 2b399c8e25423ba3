update public.embedding_tasks
set status = 'failed', error_message = 'Complete removal - task cancelled', completed_at = pg_catalog.now()
where id in (select id from pg_temp.captured);
