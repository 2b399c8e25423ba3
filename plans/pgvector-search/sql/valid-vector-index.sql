-- The index that vector search uses: there, valid, and of the right kind.
select i.indexrelid::pg_catalog.regclass::text as index
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as a on a.oid = c.relam
where i.indexrelid = pg_catalog.to_regclass('public.embeddings_embedding_idx')
  and i.indrelid = pg_catalog.to_regclass('public.embeddings')
  and i.indisvalid and i.indisready and i.indislive
  and a.amname = 'hnsw';
