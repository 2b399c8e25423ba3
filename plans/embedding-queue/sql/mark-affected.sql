-- Other keys stay. Since when is the start of the first task that touched the article: what a recovery goes by.
update public.articles as a
set metadata = coalesce(a.metadata, '{}'::jsonb) || pg_catalog.jsonb_build_object(
  'needs_review', true,
  'corrupted_since', (select pg_catalog.min(e.started_at) from pg_temp.earlier as e where e.article_id = a.id)
)
where a.id in (select id from pg_temp.captured);
