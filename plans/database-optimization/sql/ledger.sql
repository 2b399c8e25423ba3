-- The ledger of the migrations, whole: what it said before it is moved.
select * from public.alembic_version;
