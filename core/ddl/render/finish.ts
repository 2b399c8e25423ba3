import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { identityAndOrder, rowSecurity, rules, triggers } from '#core/ddl/render/behaviour.ts'
import { columnSettings } from '#core/ddl/render/columns.ts'
import { comments } from '#core/ddl/render/comments.ts'
import { addForeignKey, distinctForeignKeys, validateForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { grants } from '#core/ddl/render/grants.ts'
import { indexSettings } from '#core/ddl/render/indexes.ts'
import { named } from '#core/ddl/render/names.ts'
import { sequences } from '#core/ddl/render/sequences.ts'
import { statistics } from '#core/ddl/render/statistics.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

export interface Finish {
  /** For one transaction, as the session's own role. None of them looks at a row. */
  readonly statements: readonly Sql[]
  /** Afterwards, each by itself: these read the tables. */
  readonly validations: readonly { readonly foreignKey: ForeignKeyDefinition; readonly statement: Sql }[]
}

/**
 * What turns loaded and indexed tables, moved to their real schemas, into the tables of the definitions. All tables at once:
 * the foreign keys between them come last.
 */
export function finishAfterSwap(definitions: readonly TableDefinition[]): Finish {
  const foreignKeys = distinctForeignKeys(definitions.flatMap((definition) => definition.foreignKeys))
  return {
    statements: [
      // The default of one table may draw from the sequence of another.
      ...definitions.flatMap(sequences),
      ...definitions.flatMap(finishTable),
      ...foreignKeys.flatMap(addForeignKey),
      ...definitions.flatMap(ownership),
    ],
    validations: foreignKeys
      .filter(({ validated }) => validated)
      .map((foreignKey) => ({ foreignKey, statement: validateForeignKey(foreignKey) })),
  }
}

const finishTable = (definition: TableDefinition): Sql[] => [
  ...columnSettings(definition),
  ...indexSettings(definition),
  ...statistics(definition),
  ...identityAndOrder(definition),
  ...triggers(definition),
  ...rules(definition),
  ...rowSecurity(definition),
  ...comments(definition),
]

/** Owned sequences follow the owner of their table. */
const ownership = (definition: TableDefinition): Sql[] => [
  sql`alter table ${named(definition.table)} owner to ${sql.id(definition.owner)}`,
  ...definition.statistics.map(
    ({ schema, name, owner }) => sql`alter statistics ${sql.id(schema, name)} owner to ${sql.id(owner)}`,
  ),
  ...grants(definition),
]
