-- Foreign keys of what stays: each is there, and every row was checked against it.
select pg_catalog.count(*) as keys
from pg_catalog.pg_constraint
where contype = 'f' and convalidated
  and conrelid in (pg_catalog.to_regclass('public.article_versions'), pg_catalog.to_regclass('public.embeddings'));
