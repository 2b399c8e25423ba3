-- Indexes of the table under its real name, and whatever has one of the three names anywhere in the schema.
select indexname
from pg_catalog.pg_indexes
where schemaname = 'public'
  and (
    tablename = 'memory_chunks'
    or indexname in (
      'idx_memory_chunks_embedding_hnsw', 'idx_memory_chunks_embedding_ivfflat', 'idx_memory_chunks_user_embedding'
    )
  );
