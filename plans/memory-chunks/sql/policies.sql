-- Policies of the table under its real name. The view has policyname and cmd; polname belongs to pg_policy, and there is no poltype.
select policyname, cmd
from pg_catalog.pg_policies
where schemaname = 'public' and tablename = 'memory_chunks';
