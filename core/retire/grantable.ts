import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import type { Roles } from '#core/retire/roles.ts'
import { type RoleStanding, readRoleStandings } from '#core/retire/standing.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Whether the session's role can grant what `role` needs. Throws `Retire.OwnedBySuperuser`, or `Retire.NotGrantable`: from
 * PostgreSQL 16 on it takes ADMIN on a role to grant it, which no role has on itself. Writes nothing.
 */
export async function requireGrantable(session: Session, role: string, { owners, grantors }: Roles): Promise<void> {
  const { rows } = await session.query<{ name: string; superuser: boolean; version: number }>(sql`
    select rolname::text as name, rolsuper as superuser, current_setting('server_version_num')::int as version
      from pg_roles where rolname = current_user`)
  const own = rows[0]
  for (const wanted of await readRoleStandings(session, [...owners, ...grantors])) {
    if (wanted.name === role) continue
    if (wanted.superuser) throw ownedBySuperuser(wanted.name)
    if (!own || own.superuser || own.version < 160000 || wanted.administered) continue
    throw new RollbackError(
      'Retire.NotGrantable',
      `The role "${own.name}" cannot grant "${wanted.name}", whose the tables or privileges on them are, to "${role}".`,
      {
        fix:
          wanted.name === own.name
            ? `From PostgreSQL 16 on nobody grants a role to others who only is that role: let the product be "${own.name}", or give the tables to a role that "${own.name}" created.`
            : `Run this as a superuser, or as the role that created "${wanted.name}".`,
        category: 'refused',
      },
    )
  }
}

/** A member of a superuser can become one. */
export const ownedBySuperuser = (owner: string): RollbackError =>
  new RollbackError(
    'Retire.OwnedBySuperuser',
    `The superuser "${owner}" owns one of the tables, or of those it refers to.`,
    {
      fix: 'Give the tables to the role of the application: alter table … owner to ….',
      category: 'refused',
    },
  )

/** For whoever reads the statements: some of these roles only a superuser can grant. */
export const remarkOn = (standings: readonly RoleStanding[]): string =>
  standings
    .filter(({ superuser, inherited, settable, grantable }) => !superuser && !(inherited && settable) && !grantable)
    .map(
      ({ name }) =>
        `\n-- Only a superuser can grant "${name}". Where there is none, as on RDS: let the product be "${name}", or give its tables to a role that "${name}" created.`,
    )
    .join('')
