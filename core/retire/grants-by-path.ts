import type { Session } from '#core/ports.ts'
import { grantOwner } from '#core/retire/bootstrap.ts'
import { GRANTED_FOR, type GrantedFor } from '#core/retire/granted-for.ts'
import type { Roles } from '#core/retire/roles.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** The grants of one of them, without those of the smaller ones. */
export interface GrantGroup {
  readonly for: GrantedFor
  /** For who runs the statements, as a comment of SQL says it. */
  readonly why: string
  readonly statements: readonly Sql[]
}

const WHY: Readonly<Record<GrantedFor, string>> = {
  probes: 'probes, checks and evidence: to look as the application looks, and at the queries of others',
  partial: 'the path partial: to stand in for the owners of the tables',
  full: 'the paths full and purge: to move the tables out of reach, and to bring them back',
  restore: 'the path restore: to load a snapshot beside the tables',
}

/** Sorts what a retirement asks for: who drops an index stands in for its owner, and moves nothing. */
export const grantGroups = (
  role: string,
  { roles, serverVersion }: { readonly roles: Roles; readonly serverVersion: number },
  asked: { readonly looking: readonly Sql[]; readonly retiring: readonly Sql[]; readonly restoring: readonly Sql[] },
): GrantGroup[] => {
  const owners = new Set(roles.owners.map((owner) => grantOwner(owner, role, serverVersion).text))
  const statements: Record<GrantedFor, readonly Sql[]> = {
    probes: asked.looking,
    partial: asked.retiring.filter(({ text }) => owners.has(text)),
    full: asked.retiring.filter(({ text }) => !owners.has(text)),
    restore: asked.restoring,
  }
  return GRANTED_FOR.map((one) => ({ for: one, why: WHY[one], statements: statements[one] }))
}

/**
 * Without `pg_monitor` the queries of others have no text, and probes on them measure too little. Empty where the role has it, and where
 * the session's own role may not grant it: from PostgreSQL 16 on that takes its admin option, which the master of RDS has.
 */
export const monitoring = async (session: Session, role: string): Promise<Sql[]> => {
  const { rows } = await session.query<{ wanted: boolean }>(sql`
    select not pg_catalog.pg_has_role(${role}::name, 'pg_monitor', 'USAGE')
       and (me.rolsuper or pg_catalog.pg_has_role('pg_monitor', 'USAGE WITH ADMIN OPTION')
         or (me.rolcreaterole and pg_catalog.current_setting('server_version_num')::int < 160000)) as wanted
      from pg_catalog.pg_roles me where me.rolname = current_user`)
  return rows[0]?.wanted ? [sql`grant pg_monitor to ${sql.id(role)}`] : []
}
