-- Percent of the tasks that ended in the last 15 minutes and failed at this provider; 0 when none ended.
select coalesce(
  100.0 * pg_catalog.count(*) filter (where status = 'failed' and error_message not like '%task cancelled') / nullif(pg_catalog.count(*), 0),
  0) as percent
from public.embedding_tasks
where metadata ->> 'provider' = 'openai' and completed_at >= pg_catalog.now() - interval '15 minutes';
