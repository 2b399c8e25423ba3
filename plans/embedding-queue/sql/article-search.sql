-- By words, as the application searches while semantic search is off.
select pg_catalog.count(*) as found
from (
  select id from public.articles
  where pg_catalog.to_tsvector('pg_catalog.english', title || ' ' || content) @@ pg_catalog.plainto_tsquery('pg_catalog.english', 'test')
  limit 5
) as answer;
