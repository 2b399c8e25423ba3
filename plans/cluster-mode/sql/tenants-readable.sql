-- The tenants, whose list is needed to tell them.
select pg_catalog.count(*) as tenants from public.tenants;
