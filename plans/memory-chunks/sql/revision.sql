-- Where Alembic says that the database is. The column is version_num; there is none called version.
select version_num from public.alembic_version;
