-- A query that the optimisation made fast, and that has to run without it.
select pg_catalog.count(*) as messages from public.dialog_messages where dialog_id = 1;
