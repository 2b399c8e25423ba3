select pg_catalog.count(*) as articles
from public.articles as a
where (a.metadata @> '{"needs_review": true}' or not exists (select from public.embeddings as e where e.article_id = a.id))
  and not exists (
    select from public.embedding_tasks as t
    where t.article_id = a.id and t.status in ('pending', 'processing') and t.metadata ->> 'reason' = 'reindex'
  );
