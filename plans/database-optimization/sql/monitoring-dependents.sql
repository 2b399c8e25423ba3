-- What depends on the monitoring objects and is not one of them: views, functions, foreign keys, policies of others.
select pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as dependent
from pg_catalog.pg_depend as d
where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refobjid in (
    pg_catalog.to_regclass('public.performance_metrics'), pg_catalog.to_regclass('public.query_performance_log')
  )
  and d.deptype = 'n'
  -- The rule of the view itself.
  and not (
    d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    and d.objid in (
      select r.oid from pg_catalog.pg_rewrite as r
      where r.ev_class = pg_catalog.to_regclass('public.performance_metrics')
    )
  );
