update public.embedding_tasks
set status = 'failed', error_message = 'Provider rollback - task cancelled', completed_at = pg_catalog.now()
where id in (select id from pg_temp.captured);
