-- Embeddings of the canary assistant whose text is not the one that was embedded: the digest beside it tells.
select pg_catalog.count(*) as corrupt
from (
  select content, content_md5 from public.knowledge_embeddings where assistant_id = 1 order by id limit 500
) as canary
where content_md5 <> pg_catalog.md5(content);
