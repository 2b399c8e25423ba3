import type { TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Defaults, statistics targets and options of the columns, of this table only: none concerns rows that are there. */
export const columnSettings = ({ table, columns }: TableDefinition): Sql[] =>
  columns.flatMap((column) => {
    const alter = sql`alter table only ${named(table)} alter column ${sql.id(column.name)}`
    const statements: Sql[] = []
    if (column.default !== null && column.generated === null) {
      statements.push(sql`${alter} set default ${asItWas(column.default)}`)
    }
    if (column.statisticsTarget >= 0) {
      statements.push(sql`${alter} set statistics ${sql.raw(String(column.statisticsTarget))}`)
    }
    if (column.options.length > 0) statements.push(sql`${alter} set (${storageOptions(column.options)})`)
    return statements
  })
