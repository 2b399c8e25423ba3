import { ruleStates, triggerStates } from '#core/ddl/render/behaviour.ts'
import { grants } from '#core/ddl/render/grants.ts'
import { named } from '#core/ddl/render/names.ts'
import { bringBack } from '#core/retire/dependent-statements.ts'
import { movableViews } from '#core/retire/dependents.ts'
import type { RetiredDependent, RetiredTable } from '#core/retire/record.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** What brings retired tables back, in order, as the session's own role; foreign keys follow, one by one. */
export function undoStatements(tables: readonly RetiredTable[], dependents: readonly RetiredDependent[]): Sql[] {
  const views = movableViews(dependents)
  return [
    ...[...tables, ...views].flatMap(moveBack),
    ...[...tables, ...views].flatMap(renameBack),
    ...tables.flatMap(({ definition }) => [
      sql`alter table ${named(definition.table)} owner to ${sql.id(definition.owner)}`,
      ...(definition.rowSecurity.forced ? [sql`alter table ${named(definition.table)} force row level security`] : []),
      ...triggerStates(definition),
      ...ruleStates(definition),
      ...grants(definition),
    ]),
    ...views.flatMap(({ definition }) => [
      sql`alter table ${named(definition.table)} owner to ${sql.id(definition.owner)}`,
      ...grants(definition),
    ]),
    ...bringBack(dependents),
  ]
}

function moveBack({ definition, retired }: RetiredTable): Sql[] {
  const { schema, name } = definition.table
  return [
    sql`alter table ${named(retired)} set schema ${sql.id(schema)}`,
    sql`alter table ${sql.id(schema, retired.name)} rename to ${sql.id(name)}`,
  ]
}

function renameBack({ definition, renamed }: RetiredTable): Sql[] {
  return renamed.flatMap(({ kind, from, to }) => {
    const rename = sql`alter ${sql.raw(kind)} ${sql.id(from.schema, to.name)} rename to ${sql.id(from.name)}`
    if (kind !== 'statistics') return [rename]
    const owner = definition.statistics.find(({ schema, name }) => schema === from.schema && name === from.name)?.owner
    return [
      sql`alter statistics ${named(to)} set schema ${sql.id(from.schema)}`,
      rename,
      sql`alter statistics ${named(from)} owner to ${sql.id(owner ?? definition.owner)}`,
    ]
  })
}
