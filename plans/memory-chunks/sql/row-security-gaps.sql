-- 1 when the table is there without enforced row-level security, or without its policy.
select pg_catalog.count(*) as gaps
from pg_catalog.pg_class as c
where c.oid = pg_catalog.to_regclass('public.memory_chunks')
  and not (
    c.relrowsecurity
    and c.relforcerowsecurity
    and exists (select from pg_catalog.pg_policy as p where p.polrelid = c.oid and p.polname = 'memory_tenant_isolation')
  );
