-- Row 1 says false afterwards, whether or not it was there.
update public.embedding_worker_status set is_running = false, updated_at = pg_catalog.now()
where id in (select id from pg_temp.captured);
insert into public.embedding_worker_status (id, is_running) values (1, false) on conflict (id) do nothing;
