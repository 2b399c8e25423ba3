-- Vectors of the canary tenant that are not what the service has written. The checksum was written with the row.
select pg_catalog.count(*) as corrupt
from public.vectors
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  and tenant_id = '00000000-0000-4000-8000-000000000001'
  and checksum <> pg_catalog.md5(embedding::text || payload::text);
