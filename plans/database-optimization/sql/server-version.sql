-- The version of the server, as a number: 150018 is 15.18. That it answers says nothing about rows; other checks do.
select pg_catalog.current_setting('server_version_num')::int as version;
