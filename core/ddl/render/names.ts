import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** A table, sequence or index, qualified. */
export const named = ({ schema, name }: Table): Sql => sql.id(schema, name)

/** A role, or PUBLIC for `null`. */
export const role = (name: string | null): Sql => (name === null ? sql`public` : sql.id(name))

/** `key=value` of reloptions as the catalogue has them, for `with (…)` and `set (…)`. A `.` splits off `toast`. */
export const storageOptions = (options: readonly string[]): Sql =>
  sql.join(
    options.map((option) => {
      const equals = option.indexOf('=')
      const key = option.slice(0, equals).split('.')
      return sql`${sql.id(...key)} = ${sql.literal(option.slice(equals + 1))}`
    }),
  )
