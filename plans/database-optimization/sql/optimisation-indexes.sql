-- Indexes of the recorded list of migration 803b93aca2d2 that are there: valid, or left invalid by a drop that was interrupted.
-- A pattern such as idx\_% would take other indexes for them, and miss those that are named otherwise.
select t.relname as table, c.relname as index, i.indisvalid as valid
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_class as t on t.oid = i.indrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'public'
  and c.relname in (
    'idx_knowledge_embeddings_ivfflat',
    'idx_messages_dialog_timestamp',
    'idx_assistants_user_active_created',
    'idx_dialogs_assistant_started',
    'idx_embeddings_assistant_importance',
    'idx_users_email_active',
    'idx_documents_user_upload_date',
    'idx_user_knowledge_assistant_importance',
    'idx_users_created',
    'idx_users_full_name_lower',
    'idx_users_email_lower',
    'idx_users_active',
    'idx_assistants_user',
    'idx_assistants_name',
    'idx_assistants_created',
    'idx_assistants_active',
    'idx_dialogs_assistant',
    'idx_dialogs_started',
    'idx_dialogs_channel',
    'idx_dialogs_assistant_channel',
    'idx_messages_dialog',
    'idx_messages_sent',
    'idx_messages_sender',
    'idx_messages_text_prefix',
    'idx_documents_user',
    'idx_documents_upload_date',
    'idx_documents_title_lower',
    'idx_documents_bytes',
    'idx_user_knowledge_user',
    'idx_user_knowledge_document',
    'idx_user_knowledge_created',
    'idx_user_knowledge_importance',
    'idx_embeddings_knowledge',
    'idx_embeddings_assistant',
    'idx_embeddings_created',
    'idx_embeddings_importance'
  )
order by 1, 2;
