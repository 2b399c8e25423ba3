-- Rows of the canary tenant that are not what was written: the text does not have its checksum, or the embedding points nowhere.
select pg_catalog.count(*) as corrupt
from public.memory_chunks
where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  and (
    checksum <> pg_catalog.md5(content)
    or (embedding is not null and public.vector_norm(embedding) = 0)
  );
