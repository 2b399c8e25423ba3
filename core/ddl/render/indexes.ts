import type { IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * Indexes that no constraint owns. The invalid ones are left out: a build that failed before is not part of what is given
 * back, and pg_dump leaves them out, too. Those of partitioned tables are only names for what their partitions have: see
 * `partitionedIndexes`.
 */
export const indexesAfterLoad = ({ partitioning, indexes }: TableDefinition, schema: string): Sql[] =>
  partitioning
    ? []
    : indexes
        .filter(({ valid }) => valid)
        .map((index) => createIndex(index, { schema, name: index.table.name }, 'plain'))

const WAYS = { plain: sql``, concurrently: sql`concurrently `, only: sql`` }

/**
 * `plain` holds up writers, `concurrently` nobody, and may not stand in a transaction; `only` makes none on the partitions of
 * a partitioned table.
 */
export const createIndex = (
  { name, unique, definition }: Pick<IndexDefinition, 'name' | 'unique' | 'definition'>,
  table: Table,
  way: keyof typeof WAYS,
): Sql =>
  sql`create ${unique ? sql`unique ` : sql``}index ${WAYS[way]}${sql.id(name)} on ${way === 'only' ? sql`only ` : sql``}${named(table)}${asItWas(definition)}`

/** What CREATE INDEX cannot say: tablespace (its place is before WHERE), statistics targets. */
export const indexSettings = (definition: TableDefinition): Sql[] =>
  definition.partitioning ? [] : settingsOfIndexes(definition, definition.table.schema)

export function settingsOfIndexes(definition: TableDefinition, schema: string): Sql[] {
  return definition.indexes
    .filter(({ valid }) => valid)
    .flatMap((index) => {
      const name = sql.id(schema, index.name)
      const targets = Object.entries(index.statisticsTargets).map(
        ([column, target]) =>
          sql`alter index ${name} alter column ${sql.raw(String(Number(column)))} set statistics ${sql.raw(String(target))}`,
      )
      return index.tablespace === null
        ? targets
        : [sql`alter index ${name} set tablespace ${sql.id(index.tablespace)}`, ...targets]
    })
}
