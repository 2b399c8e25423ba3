select pg_catalog.count(*) as assistants from public.assistants;
