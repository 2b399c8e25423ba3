-- By the provider that a task records. Where it records none, age says nothing for certain: those of the last hour are
-- taken, and stay in the evidence to be queued again.
select t.* from public.embedding_tasks as t
where t.status = 'pending'
  and (
    t.metadata ->> 'provider' = 'openai'
    or (t.metadata ->> 'provider' is null and t.created_at >= pg_catalog.now() - interval '1 hour')
  );
