-- Foreign keys of the store that every row was checked against.
select pg_catalog.count(*) as valid
from pg_catalog.pg_constraint
where contype = 'f' and convalidated
  and (conrelid, confrelid) in (
    (pg_catalog.to_regclass('public.vectors'), pg_catalog.to_regclass('public.collections')),
    (pg_catalog.to_regclass('public.collections'), pg_catalog.to_regclass('public.tenants'))
  );
