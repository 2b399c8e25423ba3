-- Articles that were processed in the last hour, by tasks of any status, and that nobody is told to look at.
select pg_catalog.count(distinct t.article_id) as unmarked
from public.embedding_tasks as t
join public.articles as a on a.id = t.article_id
where t.started_at >= pg_catalog.now() - interval '1 hour'
  and not coalesce(a.metadata, '{}'::jsonb) @> '{"needs_review": true}';
