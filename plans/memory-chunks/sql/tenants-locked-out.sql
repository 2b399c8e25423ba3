-- 1 when the table has pages and the canary tenant, which has rows in it, sees none of them: the policy blocks its own
-- tenants. A table that was never written has no pages, and blocks nobody.
select (
  pg_catalog.pg_relation_size('public.memory_chunks'::pg_catalog.regclass) > 0
  and not exists (
    select
    from public.memory_chunks
    where (select pg_catalog.set_config('app.tenant_id', '00000000-0000-4000-8000-000000000001', true)) is not null
  )
)::int as locked_out;
