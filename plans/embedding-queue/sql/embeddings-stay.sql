select pg_catalog.count(*) as embeddings from public.embeddings;
