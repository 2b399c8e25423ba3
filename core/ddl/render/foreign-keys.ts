import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { comment } from '#core/ddl/render/comments.ts'
import { named } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Adds a foreign key without looking at the rows: milliseconds, at any size. */
export const addForeignKey = (foreignKey: ForeignKeyDefinition): Sql[] => {
  // What is not enforced is never validated, and says so itself (PostgreSQL 18).
  const suffix = foreignKey.definition.endsWith(' NOT ENFORCED') ? sql`` : sql` not valid`
  return [
    sql`alter table ${named(foreignKey.from)} add constraint ${sql.id(foreignKey.name)} ${sql.raw(foreignKey.definition)}${suffix}`,
    ...comment(sql`constraint ${sql.id(foreignKey.name)} on ${named(foreignKey.from)}`, foreignKey.comment),
  ]
}

/** Looks at all the rows, under a lock that holds up neither readers nor writers. */
export const validateForeignKey = ({ from, name }: ForeignKeyDefinition): Sql =>
  sql`alter table ${named(from)} validate constraint ${sql.id(name)}`

export const dropForeignKey = ({ from, name }: ForeignKeyDefinition): Sql =>
  sql`alter table ${named(from)} drop constraint ${sql.id(name)}`

/** One foreign key is in the definitions of both its tables. */
export const distinctForeignKeys = (foreignKeys: readonly ForeignKeyDefinition[]): ForeignKeyDefinition[] => [
  ...new Map(foreignKeys.map((key) => [JSON.stringify([key.from.schema, key.from.name, key.name]), key])).values(),
]
