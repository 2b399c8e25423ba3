-- Search with the text of a test: as the application calls it, by an index where there is one, else by a sequential scan.
select pg_catalog.count(*) as found
from public.search_embeddings_simple('test query', 5, null)
where id is not null and similarity_score is not null;
