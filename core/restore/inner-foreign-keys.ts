import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { addValidForeignKey, distinctForeignKeys, piecesOf } from '#core/ddl/render/foreign-keys.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type SideSchema, sideTable } from '#core/restore/side-schema.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Foreign keys between restored tables that were valid. They are validated in the side schema: nobody waits there, and no
 * forced row security hides rows from the check, as it does from the owner of a table in service.
 */
export const innerForeignKeys = ({ tables }: Manifest): ForeignKeyDefinition[] =>
  distinctForeignKeys(tables.flatMap(({ definition }) => definition.foreignKeys)).filter((key) => isInner(tables, key))

const isInner = (tables: readonly Table[], { from, to, validated }: ForeignKeyDefinition): boolean =>
  validated && [from, to].every((end) => tables.some(({ schema, name }) => schema === end.schema && name === end.name))

/** The definitions without the keys that come along from the side schema. */
export const withoutInnerForeignKeys = ({ tables }: Manifest): TableDefinition[] =>
  tables.map(({ definition }) => ({
    ...definition,
    foreignKeys: definition.foreignKeys.filter((key) => !isInner(tables, key)),
  }))

/** Adds them to the side tables, validated. In a transaction, after the keys that they refer to. */
export async function addInnerForeignKeys(session: Session, manifest: Manifest, side: SideSchema): Promise<void> {
  for (const key of innerForeignKeys(manifest)) {
    const definition = await referringTo(session, key, sideTable(side, key.to))
    const aside = { ...key, from: sideTable(side, key.from), to: sideTable(side, key.to), definition }
    for (const piece of otherwiseNamed(aside, side)) {
      for (const statement of addValidForeignKey(piece)) await session.query(statement)
    }
    for (const statement of addValidForeignKey(aside)) await session.query(statement)
  }
}

/** PostgreSQL gives a key's name to what it derives from it for the partitions: what had another name is made first, and taken. */
const otherwiseNamed = (key: ForeignKeyDefinition, side: SideSchema): ForeignKeyDefinition[] =>
  piecesOf(key)
    .filter(({ name }) => name !== key.name)
    .map((piece) => ({ ...piece, from: sideTable(side, piece.from) }))

/** The definition with another target: PostgreSQL says how it printed the name, which comes right after REFERENCES. */
export async function referringTo(
  session: Session,
  { definition, to }: ForeignKeyDefinition,
  target: Table,
): Promise<string> {
  const { rows } = await session.query<{ printed: string }>(
    sql`select pg_catalog.format('%I.%I', ${to.schema}::text, ${to.name}::text) as printed`,
  )
  const clause = ` REFERENCES ${rows[0]?.printed}(`
  const at = definition.lastIndexOf(clause)
  if (at === -1) throw new TypeError(`"${definition}" does not refer to ${rows[0]?.printed}`)
  return `${definition.slice(0, at)} REFERENCES ${sql.id(target.schema, target.name).text}(${definition.slice(at + clause.length)}`
}
