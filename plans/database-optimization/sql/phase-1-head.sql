-- Heads from which the migration of the indexes cannot be undone: any other than it and the one before it (a run that was
-- interrupted begins again), and every head where there are several.
select version_num
from public.alembic_version
where version_num not in ('803b93aca2d2', '202508230001')
  or (select pg_catalog.count(*) from public.alembic_version) <> 1;
