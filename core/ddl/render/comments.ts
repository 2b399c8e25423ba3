import type { TableDefinition } from '#core/ddl/definition.ts'
import { named } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** `comment on <object> is '…'`, or nothing. */
export const comment = (object: Sql, text: string | null): Sql[] =>
  text === null ? [] : [sql`comment on ${object} is ${sql.literal(text)}`]

/** Comments on the table and on all that belongs to it; foreign keys bring theirs along. */
export function comments(definition: TableDefinition): Sql[] {
  const { table } = definition
  const on = (kind: string, name: string): Sql => sql`${sql.raw(kind)} ${sql.id(name)} on ${named(table)}`
  const inSchema = (kind: string, name: string): Sql => sql`${sql.raw(kind)} ${sql.id(table.schema, name)}`
  return [
    ...comment(sql`table ${named(table)}`, definition.comment),
    ...definition.columns.flatMap(({ name, comment: text, notNullConstraint }) => [
      ...comment(sql`column ${sql.id(table.schema, table.name, name)}`, text),
      ...(notNullConstraint ? comment(on('constraint', notNullConstraint.name), notNullConstraint.comment) : []),
    ]),
    ...definition.sequences.flatMap(({ sequence, comment: text }) => comment(sql`sequence ${named(sequence)}`, text)),
    ...definition.constraints.flatMap(({ name, comment: text, index }) => [
      ...comment(on('constraint', name), text),
      ...(index ? comment(inSchema('index', name), index.comment) : []),
    ]),
    ...definition.indexes
      .filter(({ valid }) => valid)
      .flatMap(({ name, comment: text }) => comment(inSchema('index', name), text)),
    ...definition.statistics.flatMap(({ schema, name, comment: text }) =>
      comment(sql`statistics ${sql.id(schema, name)}`, text),
    ),
    ...definition.policies.flatMap(({ name, comment: text }) => comment(on('policy', name), text)),
    ...definition.triggers.flatMap(({ name, comment: text }) => comment(on('trigger', name), text)),
    ...definition.rules.flatMap(({ name, comment: text }) => comment(on('rule', name), text)),
  ]
}
