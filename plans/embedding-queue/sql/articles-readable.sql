select pg_catalog.count(*) as articles from public.articles;
