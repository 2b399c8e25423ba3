-- Foreign keys of the tables of the plan that every row was checked against.
select pg_catalog.count(*) as valid
from pg_catalog.pg_constraint
where contype = 'f' and convalidated
  and (conrelid, confrelid) in (
    (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks')),
    (pg_catalog.to_regclass('public.document_chunks'), pg_catalog.to_regclass('public.machines'))
  );
