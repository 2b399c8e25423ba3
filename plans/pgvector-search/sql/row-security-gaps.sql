-- Tables of the plan, of those that are there, without enforced row-level security or without a policy.
select pg_catalog.count(*) as gaps
from pg_catalog.pg_class as c
where c.oid in (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks'))
  and not (
    c.relrowsecurity
    and c.relforcerowsecurity
    and exists (select from pg_catalog.pg_policy as p where p.polrelid = c.oid)
  );
