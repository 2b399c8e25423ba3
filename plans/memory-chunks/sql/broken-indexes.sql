-- Indexes of the table that are maintained and not used, and that no one is building.
select pg_catalog.count(*) as broken
from pg_catalog.pg_index as i
where i.indrelid = pg_catalog.to_regclass('public.memory_chunks')
  and not (i.indisvalid and i.indisready and i.indislive)
  and not exists (
    select from pg_catalog.pg_stat_progress_create_index as p where p.index_relid = i.indexrelid
  );
