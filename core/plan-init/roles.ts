import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import { type DependentDefinition, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import type { Surroundings } from '#core/plan-init/surroundings.ts'
import { allGrants } from '#core/retire/existing-roles.ts'

interface Holders extends Pick<Surroundings, 'neighbours' | 'routines' | 'views' | 'schemas'> {
  readonly definitions: readonly TableDefinition[]
  readonly dependents: readonly DependentDefinition[]
}

const ofGrants = (grants: readonly Grant[] | null): (string | null)[] =>
  (grants ?? []).flatMap(({ grantor, grantee }) => [grantor, grantee])

const ofTable = (definition: TableDefinition): (string | null)[] => [
  definition.owner,
  ...definition.statistics.map(({ owner }) => owner),
  ...ofGrants(allGrants(definition)),
  ...definition.policies.flatMap(({ roles }) => roles),
]

/** Every role that the definitions name, once. */
export const rolesOf = ({ definitions, neighbours, dependents, views, routines, schemas }: Holders): string[] => {
  const functions = [...dependents.filter(isRoutine), ...routines.map(({ definition }) => definition)]
  const names = [
    ...[...definitions, ...neighbours].flatMap(ofTable),
    ...[...dependents.filter(isView), ...views].flatMap(({ relation }) => ofTable(relation)),
    ...functions.flatMap(({ owner, grants }) => [owner, ...ofGrants(grants)]),
    ...schemas.flatMap(({ grants }) => ofGrants(grants)),
  ]
  return [...new Set(names)].filter((name) => name !== null)
}
