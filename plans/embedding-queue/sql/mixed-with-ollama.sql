-- Embeddings of another provider, or of another dimension, that nothing is queued for.
select pg_catalog.count(*) as mixed
from public.embeddings as e
where (e.provider <> 'ollama' or e.dimension <> public.vector_dims(e.embedding))
  and not exists (
    select from public.embedding_tasks as t
    where t.article_id = e.article_id and t.status in ('pending', 'processing') and t.metadata ->> 'reason' = 'reindex'
  );
