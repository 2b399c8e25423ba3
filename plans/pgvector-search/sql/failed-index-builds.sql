-- Invalid indexes on the vector tables that no one is building: a rebuild has failed.
select pg_catalog.count(*) as failed
from pg_catalog.pg_index as i
where i.indrelid in (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks'))
  and not i.indisvalid
  and not exists (
    select from pg_catalog.pg_stat_progress_create_index as p where p.index_relid = i.indexrelid
  );
