import type { TableDefinition } from '#core/ddl/definition.ts'
import { descent } from '#core/ddl/inheritance.ts'
import { createBare, storageForLoad } from '#core/ddl/render/create.ts'
import { createIndex, settingsOfIndexes } from '#core/ddl/render/indexes.ts'
import { named } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Where a table (and with it its indexes) stands while it is made: the same name in another schema. */
export type Aside = (table: Table) => Table

/** All of the bare tables, heirs after their parents, partitions attached while they are empty. */
export const createTrees = (definitions: readonly TableDefinition[], aside: Aside): Sql[] => [
  ...definitions.flatMap((definition) => {
    const { schema } = aside(definition.table)
    const parents = (definition.inherits ?? []).map(aside)
    if (descent(definition) === 'clause') return createBare(definition, schema, parents)
    return [
      ...createBare(definition, schema),
      ...parents.map((parent) => sql`alter table ${named(aside(definition.table))} inherit ${named(parent)}`),
    ]
  }),
  ...attachPartitions(definitions, aside),
  ...definitions.flatMap((definition) => storageForLoad(definition, aside(definition.table).schema)),
]

/** Makes bare tables the partitions that they were. Their indexes and constraints follow, as `pg_dump` does it, too. */
export const attachPartitions = (definitions: readonly TableDefinition[], aside: Aside): Sql[] =>
  definitions.flatMap(({ table, partitionOf }) =>
    partitionOf
      ? [
          sql`alter table only ${named(aside(partitionOf.parent))} attach partition ${named(aside(table))} ${sql.raw(partitionOf.bound)}`,
        ]
      : [],
  )

/** Joins the indexes of keys: after all of `constraintsAfterLoad`, and before a foreign key refers to one of them. */
export const attachKeys = (definitions: readonly TableDefinition[], aside: Aside): Sql[] =>
  attachments(definitions)
    .filter(({ toKey }) => toKey)
    .map(({ index, to }) => attach(aside(to), aside(index)))

/**
 * Indexes of partitioned tables that no constraint owns, and what is attached to them, when the indexes of all partitions are
 * built. None of it looks at a row. Settings come first: once something is attached they would pass on to that.
 */
export const partitionedIndexes = (definitions: readonly TableDefinition[], aside: Aside): Sql[] => [
  ...definitions
    .filter(({ partitioning }) => partitioning)
    .flatMap((definition) => [
      ...definition.indexes.map((index) => createIndex(index, aside(index.table), 'only')),
      ...settingsOfIndexes(definition, aside(definition.table).schema),
    ]),
  ...attachments(definitions)
    .filter(({ toKey }) => !toKey)
    .map(({ index, to }) => attach(aside(to), aside(index))),
]

const attach = (to: Table, index: Table): Sql => sql`alter index ${named(to)} attach partition ${named(index)}`

/** An index is in the schema of its table. `toKey`: to the index of a constraint. */
function attachments(definitions: readonly TableDefinition[]): { index: Table; to: Table; toKey: boolean }[] {
  const ofKeys = new Set(
    definitions.flatMap(({ table, constraints }) =>
      constraints.filter(({ index }) => index).map(({ name }) => JSON.stringify([table.schema, name])),
    ),
  )
  return definitions.flatMap(({ table, constraints, indexes }) =>
    [
      ...constraints.map(({ name, index }) => ({ name, to: index?.attachedTo })),
      ...indexes.filter(({ valid }) => valid).map(({ name, attachedTo }) => ({ name, to: attachedTo })),
    ].flatMap(({ name, to }) =>
      to
        ? [{ index: { schema: table.schema, name }, to, toKey: ofKeys.has(JSON.stringify([to.schema, to.name])) }]
        : [],
    ),
  )
}
