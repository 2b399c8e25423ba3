-- Vector indexes on embeddings, valid or left half-done by an interrupted statement.
select i.indexrelid::pg_catalog.regclass::text as index, i.indisvalid as valid
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as a on a.oid = c.relam
where i.indrelid = pg_catalog.to_regclass('public.knowledge_embeddings')
  and a.amname in ('hnsw', 'ivfflat');
