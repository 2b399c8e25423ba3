-- Heads of the migrations that the recorded history does not have, and heads beyond the first one. Anything but 0 is a
-- ledger that does not say what the schema is.
select pg_catalog.count(*) filter (where version_num not in ('202508230001', '803b93aca2d2', '202508250001'))
  + pg_catalog.abs(pg_catalog.count(*) - 1) as unknown
from public.alembic_version;
