-- What the application would run. Only "undefined table" proves that it is gone.
select id from public.embeddings limit 1;
