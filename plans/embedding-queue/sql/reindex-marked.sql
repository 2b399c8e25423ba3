-- Every article that has no embedding, or is marked for review, is queued once.
insert into public.embedding_tasks (article_id, priority, metadata)
select a.id, 'normal', '{"reason": "reindex"}'::jsonb
from public.articles as a
where (a.metadata @> '{"needs_review": true}' or not exists (select from public.embeddings as e where e.article_id = a.id))
  and not exists (
    select from public.embedding_tasks as t
    where t.article_id = a.id and t.status in ('pending', 'processing') and t.metadata ->> 'reason' = 'reindex'
  );
