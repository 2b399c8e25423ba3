-- Core tables of which the application sees a row. An empty answer is no error to PostgreSQL, so it is counted here.
select (exists (select from public.users))::int
  + (exists (select from public.assistants))::int
  + (exists (select from public.dialogs))::int
  + (exists (select from public.dialog_messages))::int
  + (exists (select from public.documents))::int
  + (exists (select from public.user_knowledge))::int
  + (exists (select from public.knowledge_embeddings))::int as tables;
