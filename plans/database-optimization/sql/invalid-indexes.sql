-- Indexes that are maintained and not used: what an interrupted build or drop leaves behind.
select i.indexrelid::pg_catalog.regclass::text as index
from pg_catalog.pg_index as i
join pg_catalog.pg_class as t on t.oid = i.indrelid
join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
where n.nspname = 'public'
  and t.relname in (
    'users', 'assistants', 'dialogs', 'dialog_messages', 'documents', 'user_knowledge', 'knowledge_embeddings'
  )
  and not (i.indisvalid and i.indisready and i.indislive);
