import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import { ownedBySuperuser, remarkOn } from '#core/retire/grantable.ts'
import { RECORDS, RETIRED_ROLE, RETIRED_SCHEMA } from '#core/retire/names.ts'
import type { Roles } from '#core/retire/roles.ts'
import { readRoleStandings, readStanding, type Standing } from '#core/retire/standing.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

export interface BootstrapOptions {
  readonly roles: Roles
  /** `server_version_num`: 150000 and up. */
  readonly serverVersion: number
  /** Who is going to run the statements; `null`: nobody knows, but not the role itself. */
  readonly runBy: string | null
}

/**
 * SQL for a master user (CREATEROLE, no superuser, member of the owners; CREATE on the database) that lets `role` retire
 * tables and bring them back. May be run again. `role` exists already.
 */
export function bootstrapStatements(role: string, options: BootstrapOptions): Sql[] {
  return [
    createRole,
    membership(role, options),
    ...schemaStatements,
    ...recordsStatements,
    ...accessStatements(role),
    ...options.roles.owners
      .filter((owner) => owner !== role)
      .map((owner) => grantOwner(owner, role, options.serverVersion)),
    ...options.roles.grantors.filter((grantor) => grantor !== role).map((grantor) => grantRole(grantor, role)),
  ]
}

/**
 * Brings about what is missing for the session's own role, where it may.
 * Throws `Retire.NotBootstrapped` with the statements for somebody who may, `Retire.OwnedBySuperuser`.
 */
export async function ensureBootstrap(session: Session, roles: Roles): Promise<void> {
  const missing = await missingBootstrap(session, roles)
  if (missing.length === 0) return
  try {
    await session.transaction(async () => {
      for (const statement of missing) await session.query(statement)
    })
  } catch (error) {
    // insufficient_privilege; 0LP01 is invalid_grant_operation, a membership that would be circular.
    if (!['42501', '0LP01'].includes(sqlState(error) ?? '')) throw error
    throw await notBootstrapped(session, roles, missing, error)
  }
  const left = await missingBootstrap(session, roles)
  if (left.length > 0) throw await notBootstrapped(session, roles, left)
}

/** Throws `Retire.NotBootstrapped` where not even reading the tables is possible. Writes nothing. */
export async function requireOwners(session: Session, roles: Roles): Promise<void> {
  const owners = await readRoleStandings(session, roles.owners)
  if (owners.every(({ inherited }) => inherited)) return
  throw await notBootstrapped(session, roles, await missingBootstrap(session, roles))
}

/** The statements that are still missing for the session's own role. Writes nothing. */
export async function missingBootstrap(session: Session, roles: Roles): Promise<Sql[]> {
  const standing = await readStanding(session)
  const { role, superuser, serverVersion, inheritAttribute, retiredRole, schema, records } = standing
  const missing: Sql[] = []
  if (!retiredRole.exists) missing.push(createRole)
  if (!superuser && !canMove(standing)) {
    missing.push(membership(role, { roles, serverVersion, runBy: canGrantRetired(standing) ? role : null }))
    if (serverVersion < 160000 && !inheritAttribute) missing.push(sql`alter role ${sql.id(role)} inherit`)
  }
  if (!schema.exists || !schema.usableByRetired) missing.push(...schemaStatements)
  if (!records.exists) missing.push(...recordsStatements)
  if (!superuser && !(schema.usable && records.usable)) missing.push(...accessStatements(role))
  return [...missing, ...(await missingMemberships(session, roles, standing))]
}

/** The roles that the session's role has to stand in for, and may not. Throws `Retire.OwnedBySuperuser`. */
export async function missingMemberships(
  session: Session,
  roles: Roles,
  { role, superuser, serverVersion }: Standing,
): Promise<Sql[]> {
  if (superuser) return []
  const missing: Sql[] = []
  for (const owner of await readRoleStandings(session, roles.owners)) {
    if (owner.inherited && owner.settable) continue
    if (owner.superuser) throw ownedBySuperuser(owner.name)
    missing.push(grantOwner(owner.name, role, serverVersion))
  }
  for (const grantor of await readRoleStandings(session, roles.grantors)) {
    if (!grantor.settable) missing.push(grantRole(grantor.name, role))
  }
  return missing
}

/** To bring a table back takes its owner's privileges: inherited, or inherited for the moment by one's own grant. */
const canMove = ({ serverVersion, retiredRole }: Standing): boolean =>
  retiredRole.settable && (retiredRole.inherited || (serverVersion >= 160000 && retiredRole.administered))

/** Who cannot is going to have it done by somebody else. */
const canGrantRetired = ({ createsRoles, retiredRole }: Standing): boolean =>
  retiredRole.exists ? retiredRole.administered : createsRoles

const createRole = sql`do ${sql.literal(`begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${sql.literal(RETIRED_ROLE).text}) then
    create role ${sql.id(RETIRED_ROLE).text} nologin;
  end if;
exception when duplicate_object or unique_violation then
  null; -- Created by somebody else just now: roles belong to the server, not to one database.
end`)}`

/**
 * A role of the product's own inherits. One that applications may connect as (an owner, the master) must not: it would go
 * on reading. It gives itself the inheritance while it brings tables back, for which it needs ADMIN; the creator of a
 * role has that anyhow, and cannot give it to itself. Before PostgreSQL 16 inheritance is no matter of the grant.
 */
function membership(role: string, { roles, serverVersion, runBy }: BootstrapOptions): Sql {
  const grant = sql`grant ${sql.id(RETIRED_ROLE)} to ${sql.id(role)}`
  if (serverVersion < 160000) return grant
  if (role === runBy) return sql`${grant} with inherit false, set true`
  if (roles.owners.includes(role)) return sql`${grant} with admin true, inherit false, set true`
  return sql`${grant} with inherit true, set true`
}

const schemaStatements: Sql[] = [
  sql`create schema if not exists ${sql.id(RETIRED_SCHEMA)}`,
  sql`grant usage, create on schema ${sql.id(RETIRED_SCHEMA)} to ${sql.id(RETIRED_ROLE)}`,
]

const recordsStatements: Sql[] = [
  sql`create table if not exists ${sql.id(RECORDS.schema, RECORDS.name)} (
  id text primary key,
  plan text not null,
  record jsonb not null,
  retired_at timestamptz not null default now(),
  undone_at timestamptz,
  purged_at timestamptz
)`,
]

const accessStatements = (role: string): Sql[] => [
  sql`grant usage, create on schema ${sql.id(RETIRED_SCHEMA)} to ${sql.id(role)}`,
  sql`grant select, insert, update on ${sql.id(RECORDS.schema, RECORDS.name)} to ${sql.id(role)}`,
]

export const grantOwner = (owner: string, role: string, serverVersion: number): Sql =>
  serverVersion < 160000 ? grantRole(owner, role) : sql`${grantRole(owner, role)} with inherit true, set true`

const grantRole = (granted: string, role: string): Sql => sql`grant ${sql.id(granted)} to ${sql.id(role)}`

async function notBootstrapped(
  session: Session,
  roles: Roles,
  missing: readonly Sql[],
  cause?: unknown,
): Promise<RollbackError> {
  const { role } = await readStanding(session)
  const statements = missing.map(({ text }) => `${text};`).join('\n')
  const remark = remarkOn(await readRoleStandings(session, roles.owners))
  return new RollbackError('Retire.NotBootstrapped', `The role "${role}" may not yet move these tables out of reach.`, {
    fix: `Run as the master user:\n${statements}${remark}`,
    category: 'refused',
    cause,
  })
}
