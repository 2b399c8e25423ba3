import { attachedTo } from '#core/ddl/catalogue/attached-to.ts'
import { omitNull } from '#core/ddl/catalogue/omit-null.ts'
import type { ConstraintDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Primary keys, unique, exclusion and check constraints. */
export async function readConstraints(
  session: Session,
  oids: readonly number[],
): Promise<(ConstraintDefinition & { oid: number })[]> {
  const { rows } = await session.query<ConstraintDefinition & { oid: number } & Row>(sql`
    select con.conrelid as oid,
           con.conname::text as name,
           case con.contype when 'p' then 'primary key' when 'u' then 'unique' when 'x' then 'exclusion' else 'check' end as kind,
           pg_get_constraintdef(con.oid) as definition,
           con.convalidated as validated,
           obj_description(con.oid, 'pg_constraint') as comment,
           case when con.contype <> 'c' then json_build_object(
             'comment', obj_description(ic.oid, 'pg_class'),
             'clustered', i.indisclustered,
             'options', coalesce(ic.reloptions, '{}'),
             'tablespace', space.spcname,
             'attachedTo', ${attachedTo(sql`ic.oid`)}) end as index,
           case when not con.conislocal then true end as inherited
      from pg_constraint con
      left join pg_class ic on ic.oid = con.conindid
      left join pg_index i on i.indexrelid = con.conindid
      left join pg_tablespace space on space.oid = ic.reltablespace
     where con.conrelid = any(${oids}::oid[]) and con.contype in ('p', 'u', 'x', 'c')
     order by con.conrelid, con.conname collate "C"`)
  return rows.map(({ index, ...constraint }) => ({
    ...omitNull(constraint, 'inherited'),
    index: index && omitNull(index, 'attachedTo'),
  }))
}
