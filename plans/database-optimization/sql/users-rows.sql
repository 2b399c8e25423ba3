select pg_catalog.count(*) as users from public.users;
