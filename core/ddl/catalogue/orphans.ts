import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface KeyColumns {
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly matchFull: boolean
}

/** The columns of a foreign key that is there and not validated; else `null`. */
export async function readUnvalidated(session: Session, key: ForeignKeyDefinition): Promise<KeyColumns | null> {
  const { rows } = await session.query<KeyColumns & Row>(sql`
    select (select json_agg(a.attname order by k.place) from unnest(con.conkey) with ordinality k(attnum, place)
              join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.attnum) as from,
           (select json_agg(a.attname order by k.place) from unnest(con.confkey) with ordinality k(attnum, place)
              join pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.attnum) as to,
           con.confmatchtype = 'f' as "matchFull"
      from pg_constraint con
      join pg_class c on c.oid = con.conrelid
      join pg_namespace n on n.oid = c.relnamespace
     where con.contype = 'f' and not con.convalidated and con.conname = ${key.name}
       and n.nspname = ${key.from.schema} and c.relname = ${key.from.name}`)
  return rows[0] ?? null
}

/**
 * Rows of the child without a parent, as text. A key with a NULL in it refers to nothing; under MATCH FULL only one that is
 * NULL in all columns may have any.
 */
export async function countOrphans(session: Session, key: ForeignKeyDefinition, columns: KeyColumns): Promise<string> {
  const ofChild = columns.from.map((name) => sql`child.${sql.id(name)}`)
  const refers = columns.matchFull
    ? sql`not (${sql.join(
        ofChild.map((column) => sql`${column} is null`),
        ' and ',
      )})`
    : sql.join(
        ofChild.map((column) => sql`${column} is not null`),
        ' and ',
      )
  const partner = sql.join(
    columns.to.map((name, i) => sql`parent.${sql.id(name)} = ${ofChild[i] ?? sql`null`}`),
    ' and ',
  )
  const { rows } = await session.query<{ orphans: string }>(sql`
    select count(*)::text as orphans from only ${sql.id(key.from.schema, key.from.name)} child
     where ${refers} and not exists (select from ${sql.id(key.to.schema, key.to.name)} parent where ${partner})`)
  return rows[0]?.orphans ?? '0'
}
