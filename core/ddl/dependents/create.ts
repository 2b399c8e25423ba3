import {
  type DependentDefinition,
  isMembership,
  isRoutine,
  isView,
  type RoutineDefinition,
  type ViewDefinition,
} from '#core/ddl/dependents/definition.ts'
import { joinPublication } from '#core/ddl/dependents/publish.ts'
import { routineGrants, signature } from '#core/ddl/dependents/routine.ts'
import { identityAndOrder, rules, triggers } from '#core/ddl/render/behaviour.ts'
import { columnSettings } from '#core/ddl/render/columns.ts'
import { comment, comments } from '#core/ddl/render/comments.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { grants } from '#core/ddl/render/grants.ts'
import { indexesAfterLoad, indexSettings } from '#core/ddl/render/indexes.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import { statistics } from '#core/ddl/render/statistics.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * What creates them anew, for one transaction, as the session's own role. Looks at no row: materialized views come without
 * data, with their indexes. First all of them, then what may lead from one to another (triggers, rules, defaults), then owners.
 */
export function createDependents(definitions: readonly DependentDefinition[]): Sql[] {
  if (definitions.length === 0) return []
  const views = definitions.filter(isView)
  const routines = definitions.filter(isRoutine)
  return [
    // As pg_dump does: a body of text may rely on a search_path of its own.
    sql`set local check_function_bodies = off`,
    ...definitions.flatMap(create),
    ...views.flatMap(dress),
    ...routines.flatMap((routine) => comment(sql`routine ${signature(routine)}`, routine.comment)),
    ...views.flatMap(ownView),
    ...routines.flatMap(ownRoutine),
    ...definitions.filter(isMembership).map(joinPublication),
  ]
}

const create = (definition: DependentDefinition): Sql[] => {
  if (isView(definition)) return [createView(definition)]
  // What stands under the name is never replaced.
  return isRoutine(definition) ? [asItWas(definition.definition.replace(/^CREATE OR REPLACE /, 'CREATE '))] : []
}

function createView({ kind, relation, query }: ViewDefinition): Sql {
  const options = relation.options.length > 0 ? sql` with (${storageOptions(relation.options)})` : sql``
  if (kind === 'view') return sql`create view ${named(relation.table)}${options} as ${asItWas(query)}`
  const tablespace = relation.tablespace === null ? sql`` : sql` tablespace ${sql.id(relation.tablespace)}`
  const method = relation.accessMethod === null ? sql`` : sql` using ${sql.id(relation.accessMethod)}`
  return sql`create materialized view ${named(relation.table)}${method}${options}${tablespace} as ${asItWas(query)} with no data`
}

function dress({ kind, relation }: ViewDefinition): Sql[] {
  return [
    ...columnSettings(relation),
    ...(kind === 'view' ? [] : stored(relation)),
    ...triggers(relation),
    ...rules(relation),
    ...comment(sql`${sql.raw(kind)} ${named(relation.table)}`, relation.comment),
    ...comments({ ...relation, comment: null }),
  ]
}

/** What concerns rows on disk. */
const stored = (relation: ViewDefinition['relation']): Sql[] => [
  ...relation.columns.flatMap(({ name, storage, compression }) => {
    const alter = sql`alter table ${named(relation.table)} alter column ${sql.id(name)}`
    return [
      ...(storage === null ? [] : [sql`${alter} set storage ${sql.raw(storage)}`]),
      ...(compression === null ? [] : [sql`${alter} set compression ${sql.raw(compression)}`]),
    ]
  }),
  ...indexesAfterLoad(relation, relation.table.schema),
  ...indexSettings(relation),
  ...statistics(relation),
  ...identityAndOrder(relation),
]

const ownView = ({ relation }: ViewDefinition): Sql[] => [
  sql`alter table ${named(relation.table)} owner to ${sql.id(relation.owner)}`,
  ...relation.statistics.map(
    ({ schema, name, owner }) => sql`alter statistics ${sql.id(schema, name)} owner to ${sql.id(owner)}`,
  ),
  ...grants(relation),
]

const ownRoutine = (routine: RoutineDefinition): Sql[] => [
  sql`alter routine ${signature(routine)} owner to ${sql.id(routine.owner)}`,
  ...routineGrants(routine),
]
