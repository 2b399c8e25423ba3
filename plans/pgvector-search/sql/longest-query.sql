-- Seconds that the longest query on the vector tables has been running. Needs pg_read_all_stats to see others' queries.
select coalesce(
  pg_catalog.max(extract(epoch from pg_catalog.clock_timestamp() - query_start)), 0
)::float8 as seconds
from pg_catalog.pg_stat_activity
where state = 'active'
  and datname = pg_catalog.current_database()
  and backend_type = 'client backend'
  and pid <> pg_catalog.pg_backend_pid()
  and application_name not like 'vector-rollback:%'
  and query ~* '\m(embeddings|document_chunks)\M';
