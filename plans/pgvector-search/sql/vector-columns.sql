-- Columns of the extension's types in any table of any schema, retired ones included.
select n.nspname as schema, c.relname as table, a.attname as column
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = a.atttypid and d.deptype = 'e'
join pg_catalog.pg_extension as e on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and e.oid = d.refobjid
where e.extname = 'vector'
  and a.attnum > 0 and not a.attisdropped
  and c.relkind in ('r', 'p', 'm');
