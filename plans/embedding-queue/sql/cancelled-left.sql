select pg_catalog.count(*) as tasks
from public.embedding_tasks
where status = 'failed' and (error_message like '% - task cancelled' or error_message = 'Emergency stop initiated'
  or error_message like 'Resource conservation - %');
