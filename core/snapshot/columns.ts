import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** A column as rows are copied and digested, in the order of the catalogue. */
export interface TableColumn {
  readonly name: string
  /** With schema and typmod: `public.vector(1536)`. */
  readonly type: string
  /** Computed by the database: digested, not copied. */
  readonly generated: boolean
  /**
   * - `as it is`: built in, its OID is the same everywhere
   * - `without its OID`: not built in, but the value's own bytes name no type
   * - `as text`: the binary form of a value names types that are not built in (arrays, composites), or there is none
   */
  readonly form: 'as it is' | 'without its OID' | 'as text'
}

/** How rows of a table are copied: as text where the binary form would not survive a re-created type. */
export type CopyFormat = 'binary' | 'text'

export const copyFormat = (columns: readonly TableColumn[]): CopyFormat =>
  columns.some(({ generated, form }) => !generated && form === 'as text') ? 'text' : 'binary'

/** OIDs below this are assigned by hand and the same in every PostgreSQL (`FirstGenbkiObjectId`). */
const FIRST_UNSTABLE_OID = 10_000

const columnsOf = (oid: string): Sql => sql`
  with recursive bases as (
    select a.attnum, a.atttypid as type from pg_catalog.pg_attribute a
    where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
    union all
    select b.attnum, t.typbasetype from bases b join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd'
  )
  select a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attgenerated <> '' as generated,
    case
      when base.typsend = 0 or base.typreceive = 0 then 'as text'
      when base.typcategory = 'A' and (element.oid >= ${FIRST_UNSTABLE_OID} or element.typsend = 0) then 'as text'
      when base.typtype in ('r', 'm') and exists (select from pg_catalog.pg_range r
        where base.oid in (r.rngtypid, r.rngmultitypid) and r.rngsubtype >= ${FIRST_UNSTABLE_OID}) then 'as text'
      when base.typtype = 'c' and exists (select from pg_catalog.pg_attribute f
        where f.attrelid = base.typrelid and f.attnum > 0 and not f.attisdropped and f.atttypid >= ${FIRST_UNSTABLE_OID})
        then 'as text'
      when a.atttypid < ${FIRST_UNSTABLE_OID} then 'as it is'
      else 'without its OID'
    end as form
  from bases b
  join pg_catalog.pg_type base on base.oid = b.type and base.typtype <> 'd'
  join pg_catalog.pg_attribute a on a.attrelid = ${oid}::oid and a.attnum = b.attnum
  left join pg_catalog.pg_type element on element.oid = base.typelem
  order by a.attnum`

/** All columns of a table. Throws `Snapshot.NoSuchTable`. */
export async function readColumns(session: Session, table: Table): Promise<TableColumn[]> {
  const found = await session.query<{ oid: string }>(sql`
    select c.oid::text as oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${table.schema} and c.relname = ${table.name}`)
  const oid = found.rows[0]?.oid
  if (oid === undefined) {
    throw new RollbackError('Snapshot.NoSuchTable', `There is no table "${printTable(table)}".`, {
      fix: 'Look at the retirement record: the table may have been moved back or purged.',
      category: 'refused',
    })
  }
  const { rows } = await session.query<TableColumn & Record<string, unknown>>(columnsOf(oid))
  return rows
}
