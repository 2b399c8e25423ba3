-- The highest version from before the corruption: the newest one may be the corrupted one.
update public.articles as a
set title = v.title,
  content = v.content,
  updated_at = pg_catalog.now(),
  metadata = a.metadata || pg_catalog.jsonb_build_object('recovered_version', v.version_number)
from (
  select distinct on (v.article_id) v.article_id, v.version_number, v.title, v.content
  from public.article_versions as v
  join pg_temp.captured as c on c.id = v.article_id
  where v.created_at < (c.metadata ->> 'corrupted_since')::timestamptz
  order by v.article_id, v.version_number desc
) as v
where a.id = v.article_id and a.id in (select id from pg_temp.captured);
