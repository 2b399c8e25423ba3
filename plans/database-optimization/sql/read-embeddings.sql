-- What the application would run. Only "undefined table" proves that it is gone.
select id from public.knowledge_embeddings limit 1;
