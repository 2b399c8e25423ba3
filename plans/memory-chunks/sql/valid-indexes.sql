-- The indexes of the migration that searches can use, and of the right kind.
select c.relname as index
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as a on a.oid = c.relam
where i.indrelid = pg_catalog.to_regclass('public.memory_chunks')
  and i.indisvalid and i.indisready and i.indislive
  and (c.relname, a.amname) in (
    ('idx_memory_chunks_embedding_hnsw', 'hnsw'),
    ('idx_memory_chunks_embedding_ivfflat', 'ivfflat'),
    ('idx_memory_chunks_user_embedding', 'btree')
  );
