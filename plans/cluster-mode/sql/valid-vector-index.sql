-- The vector index, valid and of the kind hnsw.
select i.indexrelid::pg_catalog.regclass::text as index
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_am as m on m.oid = c.relam
where i.indrelid = pg_catalog.to_regclass('public.vectors') and m.amname = 'hnsw' and i.indisvalid;
