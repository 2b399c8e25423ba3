-- The comment of the database says whose it is: comment on database <name> is 'database-optimization'.
select pg_catalog.shobj_description(oid, 'pg_database') as plan
from pg_catalog.pg_database
where datname = pg_catalog.current_database();
