import type { TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Extended statistics; filled by the next ANALYZE. */
export const statistics = ({ statistics }: TableDefinition): Sql[] =>
  statistics.flatMap(({ schema, name, definition, target }) => [
    asItWas(definition),
    ...(target >= 0 ? [sql`alter statistics ${sql.id(schema, name)} set statistics ${sql.raw(String(target))}`] : []),
  ])
