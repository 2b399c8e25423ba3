-- Articles that lost their text in the last hour, where their newest version from before has one.
select pg_catalog.count(*) as articles
from public.articles as a
where a.updated_at >= pg_catalog.now() - interval '1 hour'
  and pg_catalog.btrim(a.content) = ''
  and exists (
    select from public.article_versions as v
    where v.article_id = a.id and v.created_at < a.updated_at and pg_catalog.btrim(v.content) <> ''
  );
