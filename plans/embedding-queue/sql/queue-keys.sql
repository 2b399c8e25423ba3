select pg_catalog.count(*) as keys
from pg_catalog.pg_constraint
where contype = 'f' and convalidated
  and conrelid in (pg_catalog.to_regclass('public.embedding_tasks'), pg_catalog.to_regclass('public.embedding_audit_logs'));
