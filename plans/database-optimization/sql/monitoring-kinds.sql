-- Monitoring objects that are not of the kind that this plan knows: elsewhere performance_metrics is a table with rows.
select c.relname as name, c.relkind::text as kind
from pg_catalog.pg_class as c
where (c.oid = pg_catalog.to_regclass('public.performance_metrics') and c.relkind <> 'v')
  or (c.oid = pg_catalog.to_regclass('public.query_performance_log') and c.relkind <> 'r');
