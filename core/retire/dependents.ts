import { findRelations } from '#core/ddl/catalogue/locate.ts'
import { captureDependents, captureFound } from '#core/ddl/dependents/capture.ts'
import { type DependentDefinition, isMembership, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { type FoundDependents, findDependents, type Known } from '#core/ddl/dependents/find.ts'
import { readUntouchable } from '#core/ddl/dependents/memberships.ts'
import type { RetirementId, Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { readBelongings } from '#core/retire/belongings.ts'
import { type Granted, rolesToGiveBack } from '#core/retire/existing-roles.ts'
import { RETIRED_SCHEMA, retiredName } from '#core/retire/names.ts'
import { isOpen, type RetiredDependent, type RetiredTable, type Retirement } from '#core/retire/record.ts'
import { updateDependents } from '#core/retire/records.ts'
import { mergeRoles, type Roles } from '#core/retire/roles.ts'
import type { LockableRelation } from '#core/sql/locks.ts'

/** What depends on the tables and goes along with them: read from the catalogue as it is now. */
export async function surveyDependents(
  session: Session,
  id: RetirementId,
  tables: readonly number[],
  found: FoundDependents,
): Promise<RetiredDependent[]> {
  const definitions = await captureFound(session, tables, found)
  const views = definitions.filter(isView).map(({ relation }) => relation.oid)
  const belongings = views.length === 0 ? [] : await readBelongings(session, id, views)
  return definitions.map((definition) => {
    const oid = oidOf(definition)
    return {
      definition,
      retired: oid === null ? null : { schema: RETIRED_SCHEMA, name: retiredName(id, oid) },
      renamed: belongings.filter(({ table }) => table === oid).map(({ renamed }) => renamed),
      moved: null,
    }
  })
}

/**
 * Adds the definitions as they are printed after the move, with which a purge compares. Nobody can reach what was moved, so
 * this can wait until nobody waits any more; a call after a killed one makes up for it.
 */
export async function completeDependents(session: Session, retirement: Retirement): Promise<Retirement> {
  const { id, tables, dependents } = retirement
  if (!isOpen(retirement) || !dependents.some(({ retired, moved }) => retired && !moved)) return retirement
  const now = await captureAgain(
    session,
    tables.map(({ definition }) => definition.oid),
    dependents,
  )
  const completed = dependents.map((dependent) => ({
    ...dependent,
    moved: now.find((each) => !isMembership(each) && sameOid(each, dependent.definition)) ?? null,
  }))
  await updateDependents(session, id, completed)
  return { ...retirement, dependents: completed }
}

/** Of tables whose dependents are known, unless somebody has changed that. */
export async function captureAgain(
  session: Session,
  tables: readonly number[],
  dependents: readonly RetiredDependent[],
): Promise<DependentDefinition[]> {
  const earlier = dependents.flatMap(({ definition }): Known[] => {
    if (isMembership(definition)) return []
    const { kind, object } = definition
    const oid = isView(definition) ? definition.relation.oid : definition.oid
    return [{ kind, object, oid, on: '', owner: null, schema: null, obstacle: null, leaks: false, mayCreate: true }]
  })
  return captureFound(session, tables, await findDependents(session, tables, earlier))
}

const sameOid = (a: DependentDefinition, b: DependentDefinition): boolean =>
  isView(a) === isView(b) && oidOf(a) === oidOf(b)

/** Of a view or a function; memberships of publications have none that matters. */
export const oidOf = (definition: DependentDefinition): number | null => {
  if (isView(definition)) return definition.relation.oid
  return isRoutine(definition) ? definition.oid : null
}

/** Views and materialized views in the shape of the tables that they move like. */
export const movableViews = (dependents: readonly RetiredDependent[]): RetiredTable[] =>
  dependents.flatMap(({ definition, retired, renamed }) =>
    isView(definition) && retired ? [{ definition: definition.relation, retired, renamed }] : [],
  )

export const viewsToLock = (definitions: readonly DependentDefinition[]): LockableRelation[] =>
  definitions.filter(isView).map(({ kind, relation }) => ({ ...relation.table, kind }))

/** Where the views are now. */
export const retiredViews = (dependents: readonly RetiredDependent[]): LockableRelation[] =>
  dependents.flatMap(({ definition, retired }) =>
    isView(definition) && retired ? [{ ...retired, kind: definition.kind }] : [],
  )

/** What was granted on them, in the shape that tables have it. */
export const grantedOn = (dependents: readonly RetiredDependent[]): Granted[] =>
  dependents.flatMap(({ definition }): Granted[] => {
    if (isView(definition)) return [definition.relation]
    return isRoutine(definition) ? [{ grants: definition.grants, columns: [], sequences: [] }] : []
  })

/** Whom it takes to move them, and to give them back. */
export function rolesOfDependents(definitions: readonly DependentDefinition[]): Roles {
  const routines = definitions.filter(isRoutine)
  const owners = [...routines, ...definitions.filter(isMembership)].map(({ owner }) => owner)
  const grantors = routines.flatMap(({ grants }) => (grants ?? []).map(({ grantor }) => grantor))
  return mergeRoles(rolesToGiveBack(definitions.filter(isView).map(({ relation }) => relation)), { owners, grantors })
}

/** The same for those that the plan allows; the others are refused anyhow. */
export async function readDependentRoles(
  session: Session,
  tables: readonly Table[],
  allow: readonly string[],
): Promise<Roles> {
  if (allow.length === 0) return { owners: [], grantors: [] }
  const oids = (await findRelations(session, tables)).map(({ oid }) => oid)
  const definitions = await captureDependents(session, oids)
  // Refused, and that says more than that somebody is not a member of a superuser.
  const untouchable = (await readUntouchable(session, oids)).map(({ object }) => object)
  return rolesOfDependents(definitions.filter(({ object }) => allow.includes(object) && !untouchable.includes(object)))
}
