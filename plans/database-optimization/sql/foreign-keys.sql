-- Foreign keys between the tables of the plan that every row was checked against.
select pg_catalog.count(*) as valid
from pg_catalog.pg_constraint
where contype = 'f' and convalidated
  and (conrelid, confrelid) in (
    (pg_catalog.to_regclass('public.assistants'), pg_catalog.to_regclass('public.users')),
    (pg_catalog.to_regclass('public.dialogs'), pg_catalog.to_regclass('public.assistants')),
    (pg_catalog.to_regclass('public.dialog_messages'), pg_catalog.to_regclass('public.dialogs')),
    (pg_catalog.to_regclass('public.documents'), pg_catalog.to_regclass('public.users')),
    (pg_catalog.to_regclass('public.user_knowledge'), pg_catalog.to_regclass('public.users')),
    (pg_catalog.to_regclass('public.user_knowledge'), pg_catalog.to_regclass('public.assistants')),
    (pg_catalog.to_regclass('public.user_knowledge'), pg_catalog.to_regclass('public.documents')),
    (pg_catalog.to_regclass('public.knowledge_embeddings'), pg_catalog.to_regclass('public.user_knowledge')),
    (pg_catalog.to_regclass('public.knowledge_embeddings'), pg_catalog.to_regclass('public.assistants'))
  );
