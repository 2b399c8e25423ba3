-- Tables of the plan, of those that are there, without enforced row-level security or without a policy.
select pg_catalog.count(*) as gaps
from pg_catalog.pg_class as c
where c.oid in (pg_catalog.to_regclass('public.vectors'), pg_catalog.to_regclass('public.collections'))
  and not (
    c.relrowsecurity
    and c.relforcerowsecurity
    and exists (select from pg_catalog.pg_policy as p where p.polrelid = c.oid)
  );
