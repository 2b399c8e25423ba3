-- By schema and name in the catalogue: information_schema shows only what a role may read, so that missing rights would
-- look like removal.
select pg_catalog.count(*) as left_behind
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'public'
  and c.relname in (
    'users', 'assistants', 'dialogs', 'dialog_messages', 'documents', 'user_knowledge', 'knowledge_embeddings'
  );
