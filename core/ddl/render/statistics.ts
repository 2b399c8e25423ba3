import type { TableDefinition } from '#core/ddl/definition.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Extended statistics; filled by the next ANALYZE. */
export const statistics = ({ statistics }: TableDefinition): Sql[] =>
  statistics.flatMap(({ schema, name, definition, target }) => [
    sql.raw(definition),
    ...(target >= 0 ? [sql`alter statistics ${sql.id(schema, name)} set statistics ${sql.raw(String(target))}`] : []),
  ])
