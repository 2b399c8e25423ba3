select pg_catalog.count(*) as tasks
from public.embedding_tasks
where metadata ->> 'reason' = 'migration' and status = 'failed'
  and error_message not like '%task cancelled'
  and completed_at >= pg_catalog.now() - interval '1 hour';
