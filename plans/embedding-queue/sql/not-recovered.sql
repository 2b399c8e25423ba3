-- Marked articles that have a good version and not its text.
select pg_catalog.count(*) as articles
from public.articles as a
join lateral (
  select v.title, v.content
  from public.article_versions as v
  where v.article_id = a.id and v.created_at < (a.metadata ->> 'corrupted_since')::timestamptz
  order by v.version_number desc
  limit 1
) as v on true
where a.metadata @> '{"needs_review": true}' and (a.title, a.content) is distinct from (v.title, v.content);
