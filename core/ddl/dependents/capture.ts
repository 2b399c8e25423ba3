import { assertEmptySearchPath } from '#core/ddl/catalogue/search-path.ts'
import type { DependentDefinition, RoutineDefinition, ViewDefinition } from '#core/ddl/dependents/definition.ts'
import { type Capturable, type FoundDependents, findDependents } from '#core/ddl/dependents/find.ts'
import { readMemberships } from '#core/ddl/dependents/memberships.ts'
import { readRoutines } from '#core/ddl/dependents/routines.ts'
import { readViews } from '#core/ddl/dependents/views.ts'
import type { Session } from '#core/ports.ts'

/**
 * Definitions of all that depends on the tables and can be captured, each after what it uses. Take locks, or a repeatable
 * read transaction, where other sessions may run DDL.
 */
export async function captureDependents(session: Session, tables: readonly number[]): Promise<DependentDefinition[]> {
  return captureFound(session, tables, await findDependents(session, tables))
}

/** The same of what was found just now. */
export async function captureFound(
  session: Session,
  tables: readonly number[],
  { capturable }: FoundDependents,
): Promise<DependentDefinition[]> {
  if (capturable.length > 0) await assertEmptySearchPath(session)
  return [...(await define(session, capturable)), ...(await readMemberships(session, tables))]
}

async function define(session: Session, found: readonly Capturable[]): Promise<(ViewDefinition | RoutineDefinition)[]> {
  if (found.length === 0) return []
  const oids = found.map(({ oid }) => oid)
  const views = await readViews(session, oids)
  const routines = await readRoutines(session, oids)
  return found.flatMap(({ kind, oid, object, uses }): (ViewDefinition | RoutineDefinition)[] => {
    if (kind === 'view' || kind === 'materialized view') {
      const view = views.find(({ relation }) => relation.oid === oid)
      return view ? [{ kind, object, ...view, uses }] : []
    }
    const routine = routines.find((each) => each.oid === oid)
    return routine ? [{ kind, object, ...routine, uses }] : []
  })
}
