-- A query that the optimisation made fast, and that has to run without it.
select pg_catalog.count(*) as assistants from public.assistants where user_id = 1;
