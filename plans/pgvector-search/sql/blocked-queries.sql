-- Sessions that wait for a session whose statement works on the vector tables.
select pg_catalog.count(*) as blocked
from pg_catalog.pg_stat_activity as waiting
where waiting.wait_event_type = 'Lock'
  and waiting.datname = pg_catalog.current_database()
  and exists (
    select
    from pg_catalog.pg_stat_activity as holder
    where holder.pid = any (pg_catalog.pg_blocking_pids(waiting.pid))
      and holder.query ~* '\m(embeddings|document_chunks)\M'
  );
