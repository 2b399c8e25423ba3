import type { MembershipDefinition } from '#core/ddl/dependents/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Takes the owner of the publication and of the table. */
export const joinPublication = ({ publication, table, columns, filter }: MembershipDefinition): Sql => {
  const list = columns === null ? sql`` : sql` (${sql.join(columns.map((column) => sql.id(column)))})`
  const where = filter === null ? sql`` : sql` where (${asItWas(filter)})`
  return sql`alter publication ${sql.id(publication)} add table only ${named(table)}${list}${where}`
}

export const leavePublication = ({ publication, table }: MembershipDefinition): Sql =>
  sql`alter publication ${sql.id(publication)} drop table only ${named(table)}`
