import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import type { SequenceDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Values = Pick<SequenceDefinition, 'lastValue' | 'isCalled'>

/** The sequences that columns own: `a` in `pg_depend` is OWNED BY, `i` an identity. */
export async function readSequences(
  session: Session,
  oids: readonly number[],
): Promise<(SequenceDefinition & { oid: number })[]> {
  const { rows } = await session.query<Omit<SequenceDefinition, keyof Values> & { oid: number }>(sql`
    select d.refobjid as oid,
           json_build_object('schema', n.nspname, 'name', c.relname) as sequence,
           a.attname::text as column,
           case d.deptype when 'i' then 'identity' else 'serial' end as "ownedBy",
           pg_get_userbyid(c.relowner) as owner,
           case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
           format_type(s.seqtypid, null) as type,
           s.seqstart::text as start, s.seqincrement::text as increment,
           s.seqmin::text as min, s.seqmax::text as max, s.seqcache::text as cache, s.seqcycle as cycle,
           obj_description(c.oid, 'pg_class') as comment,
           ${grantsOf(sql`c.relacl`, sql`acldefault('s', c.relowner)`)} as grants
      from pg_depend d
      join pg_class c on c.oid = d.objid and c.relkind = 'S'
      join pg_namespace n on n.oid = c.relnamespace
      join pg_sequence s on s.seqrelid = c.oid
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and d.refobjid = any(${oids}::oid[]) and d.deptype in ('a', 'i')
     order by d.refobjid, a.attnum, c.relname collate "C"`)
  if (rows.length === 0) return []
  const values = await readSequenceValues(session, rows)
  return rows.map((row, i) => ({ ...row, ...(values[i] ?? { lastValue: row.start, isCalled: false }) }))
}

/** `pg_sequences` says nothing of `is_called`, hence each sequence itself; needs SELECT on them. */
async function readSequenceValues(
  session: Session,
  sequences: readonly Pick<SequenceDefinition, 'sequence'>[],
): Promise<Values[]> {
  const each = sequences.map(
    ({ sequence }, i) =>
      sql`select ${i}::int as place, last_value::text as "lastValue", is_called as "isCalled" from ${sql.id(sequence.schema, sequence.name)}`,
  )
  const { rows } = await session.query<Values & { place: number }>(
    sql`select * from (${sql.join(each, ' union all ')}) each order by place`,
  )
  return rows.map(({ lastValue, isCalled }) => ({ lastValue, isCalled }))
}
