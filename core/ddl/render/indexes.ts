import type { IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

export interface IndexStatement {
  readonly name: string
  /** Access method: `hnsw` and `ivfflat` take hours where `btree` takes seconds. */
  readonly method: string
  /** Holds up writers, and may stand in a transaction. */
  readonly statement: Sql
  /** Holds up nobody, and may not stand in a transaction. */
  readonly concurrently: Sql
}

/**
 * Indexes that no constraint owns. The invalid ones are left out: a build that failed before is not part of what is given
 * back, and pg_dump leaves them out, too. Those of partitioned tables are only names for what their partitions have: see
 * `partitionedIndexes`.
 */
export function indexesAfterLoad(definition: TableDefinition, schema: string): IndexStatement[] {
  if (definition.partitioning) return []
  return definition.indexes
    .filter(({ valid }) => valid)
    .map((index) => ({
      name: index.name,
      method: index.method,
      statement: create(index, schema, sql``),
      concurrently: create(index, schema, sql`concurrently `),
    }))
}

const create = ({ name, table, unique, definition }: IndexDefinition, schema: string, concurrently: Sql): Sql =>
  sql`create ${unique ? sql`unique ` : sql``}index ${concurrently}${sql.id(name)} on ${sql.id(schema, table.name)}${asItWas(definition)}`

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
