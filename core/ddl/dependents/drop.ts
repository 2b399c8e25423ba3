import { type DependentDefinition, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { signature } from '#core/ddl/dependents/routine.ts'
import { named } from '#core/ddl/render/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Drops each by its name, what uses others first, never with cascade. Memberships of publications go with their tables. */
export const dropDependents = (definitions: readonly DependentDefinition[]): Sql[] =>
  definitions.toReversed().flatMap((definition) => {
    if (isView(definition)) return [sql`drop ${sql.raw(definition.kind)} ${named(definition.relation.table)}`]
    return isRoutine(definition) ? [sql`drop routine ${signature(definition)}`] : []
  })
