-- Columns that are not what the recorded schema says, and recorded ones that are not there. The role's search_path is empty,
-- so that types of the extension carry their schema.
with recorded (table_name, column_name, type, required) as (
  values
    ('users', 'id', 'bigint', true),
    ('users', 'email', 'text', true),
    ('users', 'full_name', 'text', true),
    ('users', 'active', 'boolean', true),
    ('users', 'created_at', 'timestamp with time zone', true),
    ('assistants', 'id', 'bigint', true),
    ('assistants', 'user_id', 'bigint', true),
    ('assistants', 'name', 'text', true),
    ('assistants', 'active', 'boolean', true),
    ('assistants', 'created_at', 'timestamp with time zone', true),
    ('dialogs', 'id', 'bigint', true),
    ('dialogs', 'assistant_id', 'bigint', true),
    ('dialogs', 'channel', 'text', true),
    ('dialogs', 'started_at', 'timestamp with time zone', true),
    ('dialog_messages', 'id', 'bigint', true),
    ('dialog_messages', 'dialog_id', 'bigint', true),
    ('dialog_messages', 'sender', 'text', true),
    ('dialog_messages', 'text', 'text', true),
    ('dialog_messages', 'sent_at', 'timestamp with time zone', true),
    ('documents', 'id', 'bigint', true),
    ('documents', 'user_id', 'bigint', true),
    ('documents', 'title', 'text', true),
    ('documents', 'bytes', 'bigint', true),
    ('documents', 'upload_date', 'timestamp with time zone', true),
    ('user_knowledge', 'id', 'bigint', true),
    ('user_knowledge', 'user_id', 'bigint', true),
    ('user_knowledge', 'assistant_id', 'bigint', true),
    ('user_knowledge', 'document_id', 'bigint', false),
    ('user_knowledge', 'content', 'text', true),
    ('user_knowledge', 'importance', 'integer', true),
    ('user_knowledge', 'created_at', 'timestamp with time zone', true),
    ('knowledge_embeddings', 'id', 'bigint', true),
    ('knowledge_embeddings', 'knowledge_id', 'bigint', true),
    ('knowledge_embeddings', 'assistant_id', 'bigint', true),
    ('knowledge_embeddings', 'content', 'text', true),
    ('knowledge_embeddings', 'content_md5', 'text', true),
    ('knowledge_embeddings', 'importance', 'integer', true),
    ('knowledge_embeddings', 'embedding', 'public.vector(64)', true),
    ('knowledge_embeddings', 'created_at', 'timestamp with time zone', true),
    ('alembic_version', 'version_num', 'character varying(32)', true)
), found as (
  select t.relname::text as table_name, a.attname::text as column_name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required
  from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as t on t.oid = a.attrelid
  join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
  where n.nspname = 'public' and t.relname in (select table_name from recorded) and a.attnum > 0 and not a.attisdropped
)
select table_name, column_name, r.type as recorded, f.type as found
from recorded as r
full join found as f using (table_name, column_name)
where (r.type, r.required) is distinct from (f.type, f.required);
