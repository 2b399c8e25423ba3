-- By schema and name in the catalogue: information_schema shows only what a role may read, so that missing rights would
-- look like removal.
select pg_catalog.to_regclass('public.vectors') is null
  and pg_catalog.to_regclass('public.collections') is null as gone;
