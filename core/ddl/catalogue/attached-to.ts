import { type Sql, sql } from '#core/sql/tag.ts'

/** The parent's index that an index of a partition is attached to, as JSON of `Table`, or NULL. */
export const attachedTo = (index: Sql): Sql => sql`
  (select json_build_object('schema', pn.nspname, 'name', pc.relname)
     from pg_inherits inh join pg_class pc on pc.oid = inh.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
    where inh.inhrelid = ${index})`
