-- What the application would run. Only "undefined table" proves that it is gone.
select id from public.memory_chunks limit 1;
