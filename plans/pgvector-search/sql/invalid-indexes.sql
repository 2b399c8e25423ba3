-- Indexes that are maintained and not used: what an interrupted build or drop leaves behind.
select i.indexrelid::pg_catalog.regclass::text as index
from pg_catalog.pg_index as i
where i.indrelid in (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks'))
  and not (i.indisvalid and i.indisready and i.indislive);
