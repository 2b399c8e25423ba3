-- Parameters of the vector search that do not have their default.
select name, value
from public.vector_search_settings
where (name, value) not in (('ivfflat.probes', 1), ('hnsw.ef_search', 40));
