-- Vector indexes on the tables of the plan, valid or left half-done by an interrupted statement.
select i.indexrelid::pg_catalog.regclass::text as index, i.indisvalid as valid
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as a on a.oid = c.relam
where i.indrelid in (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks'))
  and a.amname in ('hnsw', 'ivfflat');
