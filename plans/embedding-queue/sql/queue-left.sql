-- By name: in a LIKE the underscore is any character, and the table embeddings would count as one of the queue.
select c.relname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm')
  and c.relname in ('embedding_tasks', 'embedding_worker_status', 'embedding_audit_logs', 'performance_metrics');
