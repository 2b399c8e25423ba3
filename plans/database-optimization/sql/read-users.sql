-- What the application would run. Only "undefined table" proves that it is gone.
select id from public.users limit 1;
