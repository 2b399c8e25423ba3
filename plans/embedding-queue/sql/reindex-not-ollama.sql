-- Vectors of two models must not be compared: each article whose embedding another provider made is queued once.
insert into public.embedding_tasks (article_id, priority, metadata)
select e.article_id, 'low', '{"reason": "reindex", "provider": "ollama"}'::jsonb
from public.embeddings as e
where e.provider <> 'ollama'
  and not exists (
    select from public.embedding_tasks as t
    where t.article_id = e.article_id and t.status in ('pending', 'processing') and t.metadata ->> 'reason' = 'reindex'
  );
