import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import type { Roles } from '#core/retire/roles.ts'
import { readRoleStandings } from '#core/retire/standing.ts'

/** A table, or what is granted like one. */
export type Granted = Pick<TableDefinition, 'grants' | 'columns' | 'sequences'>

/** Roles with recorded privileges that were dropped since: a retired table keeps nobody from that. */
export async function findLostRoles(session: Session, definitions: readonly Granted[]): Promise<string[]> {
  const named = new Set(
    definitions
      .flatMap(allGrants)
      .flatMap(({ grantor, grantee }) => (grantee === null ? [grantor] : [grantor, grantee])),
  )
  const there = new Set((await readRoleStandings(session, [...named])).map(({ name }) => name))
  return [...named].filter((name) => !there.has(name)).sort()
}

/** The definition without what roles that are gone were granted, or granted. */
export function withoutRoles(definition: TableDefinition, lost: readonly string[]): TableDefinition {
  if (lost.length === 0) return definition
  const kept = <T extends { readonly grants: readonly Grant[] | null }>(holder: T): T => withoutGrantsOf(holder, lost)
  return {
    ...kept(definition),
    columns: definition.columns.map(kept).map(emptyIsNone),
    sequences: definition.sequences.map(kept),
  }
}

export const withoutGrantsOf = <T extends { readonly grants: readonly Grant[] | null }>(
  holder: T,
  lost: readonly string[],
): T => ({
  ...holder,
  grants:
    holder.grants?.filter(
      ({ grantor, grantee }) => !lost.includes(grantor) && !(grantee !== null && lost.includes(grantee)),
    ) ?? null,
})

/** PostgreSQL keeps no empty list of grants for a column. */
const emptyIsNone = <T extends { readonly grants: readonly Grant[] | null }>(holder: T): T =>
  holder.grants?.length === 0 ? { ...holder, grants: null } : holder

export const allGrants = ({ grants, columns, sequences }: Granted): Grant[] =>
  [grants, ...columns.map((column) => column.grants), ...sequences.map((sequence) => sequence.grants)].flatMap(
    (list) => list ?? [],
  )

/** Whom undo has to play: the owners that the tables had, and everybody who granted privileges on them. */
export const rolesToGiveBack = (definitions: readonly TableDefinition[]): Roles => ({
  owners: definitions.flatMap(({ owner, statistics }) => [owner, ...statistics.map((each) => each.owner)]),
  grantors: definitions.flatMap(allGrants).map(({ grantor }) => grantor),
})
