import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { comment } from '#core/ddl/render/comments.ts'
import { named } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * Adds a foreign key without looking at the rows: milliseconds, at any size.
 *
 * On a partitioned table PostgreSQL knows no NOT VALID before 18. The key comes in pieces there, one on each partition with
 * rows, which hold for new rows at once; when all are validated `addValidForeignKey` joins them, and looks at nothing.
 */
export const addForeignKey = (foreignKey: ForeignKeyDefinition): Sql[] => {
  const pieces = piecesOf(foreignKey)
  if (pieces.length > 0) return pieces.flatMap(addForeignKey)
  // No partition, no row to look at. What is not enforced is never validated, and says so itself (PostgreSQL 18).
  const valid = foreignKey.definition.endsWith(' NOT ENFORCED') || (foreignKey.onPartitions && foreignKey.validated)
  return add(foreignKey, valid ? sql`` : sql` not valid`)
}

/** Adds a foreign key and looks at all rows, but for those of partitions that have a valid key of their own already. */
export const addValidForeignKey = (foreignKey: ForeignKeyDefinition): Sql[] => add(foreignKey, sql``)

/** The keys by which one of a partitioned table comes back; none when it comes in one piece. */
export const piecesOf = (foreignKey: ForeignKeyDefinition): ForeignKeyDefinition[] => {
  const { onPartitions = [], validated, to, definition } = foreignKey
  return validated
    ? onPartitions.map(({ from, name }) => ({ name, from, to, definition, validated, comment: null }))
    : []
}

const add = (foreignKey: ForeignKeyDefinition, suffix: Sql): Sql[] => [
  sql`alter table ${named(foreignKey.from)} add constraint ${sql.id(foreignKey.name)} ${sql.raw(foreignKey.definition)}${suffix}`,
  ...comment(sql`constraint ${sql.id(foreignKey.name)} on ${named(foreignKey.from)}`, foreignKey.comment),
]

/** Looks at all the rows, under a lock that holds up neither readers nor writers. */
export const validateForeignKey = ({ from, name }: ForeignKeyDefinition): Sql =>
  sql`alter table ${named(from)} validate constraint ${sql.id(name)}`

export const dropForeignKey = ({ from, name }: ForeignKeyDefinition): Sql =>
  sql`alter table ${named(from)} drop constraint ${sql.id(name)}`

/** One foreign key is in the definitions of both its tables. */
export const distinctForeignKeys = (foreignKeys: readonly ForeignKeyDefinition[]): ForeignKeyDefinition[] => [
  ...new Map(foreignKeys.map((key) => [JSON.stringify([key.from.schema, key.from.name, key.name]), key])).values(),
]
