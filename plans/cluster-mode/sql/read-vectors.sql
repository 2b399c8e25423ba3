-- What the service would run. Only "undefined table" proves that it is gone.
select id from public.vectors limit 1;
