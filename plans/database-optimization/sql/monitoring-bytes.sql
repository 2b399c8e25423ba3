-- Size of the log of queries; 0 when it is not there.
select coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass('public.query_performance_log')), 0) as bytes;
