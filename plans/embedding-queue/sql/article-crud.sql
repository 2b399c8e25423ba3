-- Whether the application may still do everything with an article. Nothing is written: a check is read-only.
select pg_catalog.has_table_privilege('public.articles', 'select')
  and pg_catalog.has_table_privilege('public.articles', 'insert')
  and pg_catalog.has_table_privilege('public.articles', 'update')
  and pg_catalog.has_table_privilege('public.articles', 'delete')
  and pg_catalog.has_table_privilege('public.article_versions', 'insert') as may;
