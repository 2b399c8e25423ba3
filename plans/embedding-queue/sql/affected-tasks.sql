-- What was processed in the last hour, by when it began: a task that has not ended has no end, and the stop ends them all.
select t.*, a.slug
from public.embedding_tasks as t
join public.articles as a on a.id = t.article_id
where t.started_at >= pg_catalog.now() - interval '1 hour';
