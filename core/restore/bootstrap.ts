import { RollbackError } from '#core/errors.ts'
import { contains, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { missingMemberships } from '#core/retire/bootstrap.ts'
import { rolesToGiveBack } from '#core/retire/existing-roles.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { readStanding } from '#core/retire/standing.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** What a role needs for a restore beyond what it needs to retire: side schemas are made in the database. */
export async function missingForRestore(session: Session, role: string): Promise<Sql[]> {
  const { rows } = await session.query<{ database: string; may: boolean }>(sql`
    select current_database()::text as database, has_database_privilege(${role}::name, current_database(), 'CREATE') as may`)
  return rows.filter(({ may }) => !may).map(({ database }) => grantCreate(database, role))
}

const grantCreate = (database: string, role: string): Sql =>
  sql`grant create on database ${sql.id(database)} to ${sql.id(role)}`

/**
 * Throws `Restore.NotBootstrapped` with the statements for a master user: what the session's role lacks to make the tables
 * anew and to give them back to their owners. Writes nothing.
 */
export async function requireMayRestore(session: Session, { tables }: Manifest): Promise<void> {
  const definitions = tables.map(({ definition }) => definition)
  const own = definitions.map(({ table }) => table)
  const far: Table[] = definitions
    .flatMap(({ foreignKeys }) => foreignKeys.flatMap(({ from, to }) => [from, to]))
    .filter((table) => !contains(own, table))
  const roles = mergeRoles(rolesToGiveBack(definitions), await readRoles(session, far))
  const standing = await readStanding(session)
  const { role } = standing
  const missing = [...(await missingForRestore(session, role)), ...(await missingMemberships(session, roles, standing))]
  if (missing.length === 0) return
  throw new RollbackError('Restore.NotBootstrapped', `The role "${role}" may not yet bring these tables back.`, {
    fix: `Run as the master user:\n${missing.map(({ text }) => `${text};`).join('\n')}`,
    category: 'refused',
  })
}
