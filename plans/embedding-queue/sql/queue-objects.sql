-- What is removed are tables: a view of one of these names would be another system's.
select pg_catalog.count(*) as tables
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p')
  and c.relname in ('embedding_tasks', 'embedding_worker_status', 'embedding_audit_logs', 'performance_metrics');
