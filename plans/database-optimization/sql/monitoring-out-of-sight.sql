-- By schema and name in the catalogue.
select pg_catalog.to_regclass('public.performance_metrics') is null
  and pg_catalog.to_regclass('public.query_performance_log') is null as gone;
