select a.* from public.articles as a
where a.id in (select e.article_id from pg_temp.earlier as e)
  and not coalesce(a.metadata, '{}'::jsonb) @> '{"needs_review": true}';
