-- Both what the table says and who is connected: a worker that lives on would write the row again.
select exists (select from public.embedding_worker_status where id = 1 and not is_running)
  and not exists (select from public.embedding_worker_status where is_running)
  and not exists (
    select from pg_catalog.pg_stat_activity
    where datname = pg_catalog.current_database() and application_name like 'embedding-worker%'
  ) as stopped;
