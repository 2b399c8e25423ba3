import { findRelations } from '#core/ddl/catalogue/locate.ts'
import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { addForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { messageOf } from '#core/errors.ts'
import { contains, printTable } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

export interface LostForeignKey {
  readonly foreignKey: ForeignKeyDefinition
  readonly why: string
}

/** Foreign keys whose other table is there, and those whose is not. */
export async function sortForeignKeys(
  session: Session,
  { tables, boundaryForeignKeys }: Retirement,
): Promise<{ possible: ForeignKeyDefinition[]; impossible: LostForeignKey[] }> {
  const names = tables.map(({ definition }) => definition.table)
  const far = boundaryForeignKeys.flatMap(({ from, to }) => [from, to]).filter((table) => !contains(names, table))
  const there = [...names, ...(await findRelations(session, far))]
  const possible = boundaryForeignKeys.filter(({ from, to }) => contains(there, from) && contains(there, to))
  const impossible = boundaryForeignKeys
    .filter((key) => !possible.includes(key))
    .map((foreignKey) => {
      const gone = contains(there, foreignKey.from) ? foreignKey.to : foreignKey.from
      return { foreignKey, why: `"${printTable(gone)}" is gone` }
    })
  return { possible, impossible }
}

/** Adds each key NOT VALID inside the open transaction; one that is no longer possible is reported and left out. */
export async function addForeignKeys(
  session: Session,
  foreignKeys: readonly ForeignKeyDefinition[],
): Promise<LostForeignKey[]> {
  const lost: LostForeignKey[] = []
  for (const foreignKey of foreignKeys) {
    await session.query(sql`savepoint before_foreign_key`)
    try {
      for (const statement of addForeignKey(foreignKey)) await session.query(statement)
      await session.query(sql`release savepoint before_foreign_key`)
    } catch (error) {
      if (!IMPOSSIBLE.has(sqlState(error) ?? '')) throw error
      await session.query(sql`rollback to savepoint before_foreign_key`)
      lost.push({ foreignKey, why: messageOf(error) })
    }
  }
  return lost
}

/**
 * The other table changed meanwhile: undefined_table, undefined_column, invalid_foreign_key (no such unique key any more),
 * datatype_mismatch, duplicate_object.
 */
const IMPOSSIBLE = new Set(['42P01', '42703', '42830', '42804', '42710'])
