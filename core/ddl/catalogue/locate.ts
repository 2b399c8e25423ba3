import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Located extends Table {
  readonly oid: number
  /** `pg_class.relkind`. */
  readonly kind: string
  /** Quoted where needed, as PostgreSQL prints it. */
  readonly printed: string
}

/** The relations with these names, of whatever kind; those that do not exist are missing from the answer. */
export async function findRelations(session: Session, tables: readonly Table[]): Promise<Located[]> {
  const { rows } = await session.query<Located & Row>(sql`
    select n.nspname::text as schema, c.relname::text as name, c.oid, c.relkind as kind,
           format('%I.%I', n.nspname, c.relname) as printed
      from unnest(${tables.map((table) => table.schema)}::text[], ${tables.map((table) => table.name)}::text[])
           with ordinality wanted(schema, name, place)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
     order by wanted.place`)
  return rows
}

/** The oids of ordinary and partitioned tables, in the order asked for. Throws `Capture.NoSuchTable`, `Capture.NotATable`. */
export async function locateTables(session: Session, tables: readonly Table[]): Promise<Located[]> {
  const located = await findRelations(session, tables)
  for (const table of tables) {
    const found = located.find(({ schema, name }) => schema === table.schema && name === table.name)
    if (!found) {
      throw new RollbackError('Capture.NoSuchTable', `There is no table "${printTable(table)}".`, {
        fix: 'Correct the name in the plan, or remove it.',
        category: 'refused',
      })
    }
    if (found.kind !== 'r' && found.kind !== 'p') {
      throw new RollbackError('Capture.NotATable', `"${printTable(table)}" is not an ordinary or partitioned table.`, {
        fix: 'Name tables only: views and foreign tables cannot be captured, nor partitions that are foreign tables.',
        category: 'refused',
      })
    }
  }
  return located
}
