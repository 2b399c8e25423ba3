-- The revision of the schema. A second row is a second head, which is no state to go back to.
select version_num from public.alembic_version;
