-- Hours that the longest index build on the vector tables has been running.
select coalesce(
  pg_catalog.max(extract(epoch from pg_catalog.clock_timestamp() - a.query_start)) / 3600, 0
)::float8 as hours
from pg_catalog.pg_stat_progress_create_index as p
join pg_catalog.pg_stat_activity as a on a.pid = p.pid
where p.datname = pg_catalog.current_database()
  and p.relid in (pg_catalog.to_regclass('public.embeddings'), pg_catalog.to_regclass('public.document_chunks'));
