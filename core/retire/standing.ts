import type { Session } from '#core/ports.ts'
import { RECORDS, RETIRED_ROLE, RETIRED_SCHEMA } from '#core/retire/names.ts'
import { sql } from '#core/sql/tag.ts'

/** What the session's role may do, as far as moving tables is concerned. */
export interface Standing {
  readonly role: string
  readonly serverVersion: number
  readonly superuser: boolean
  readonly createsRoles: boolean
  /** The attribute that decides on inheritance before PostgreSQL 16. */
  readonly inheritAttribute: boolean
  readonly retiredRole: {
    readonly exists: boolean
    /** May `set role` to it. */
    readonly settable: boolean
    /** Has its privileges without `set role`. */
    readonly inherited: boolean
    readonly administered: boolean
  }
  readonly schema: { readonly exists: boolean; readonly usable: boolean; readonly usableByRetired: boolean }
  readonly records: { readonly exists: boolean; readonly usable: boolean }
}

export async function readStanding(session: Session): Promise<Standing> {
  const { rows } = await session.query<Standing & Record<string, unknown>>(sql`
    select me.rolname::text as role,
           version.number as "serverVersion",
           me.rolsuper as superuser,
           me.rolcreaterole as "createsRoles",
           me.rolinherit as "inheritAttribute",
           json_build_object(
             'exists', retired.oid is not null,
             'settable', coalesce(pg_has_role(me.oid, retired.oid, case when version.number >= 160000 then 'SET' else 'MEMBER' end), false),
             'inherited', coalesce(pg_has_role(me.oid, retired.oid, 'USAGE'), false),
             'administered', coalesce(pg_has_role(me.oid, retired.oid, 'USAGE WITH ADMIN OPTION'), false)) as "retiredRole",
           json_build_object(
             'exists', n.oid is not null,
             'usable', coalesce(has_schema_privilege(me.oid, n.oid, 'USAGE') and has_schema_privilege(me.oid, n.oid, 'CREATE'), false),
             'usableByRetired', coalesce(has_schema_privilege(retired.oid, n.oid, 'USAGE') and has_schema_privilege(retired.oid, n.oid, 'CREATE'), false)) as schema,
           json_build_object(
             'exists', records.oid is not null,
             'usable', coalesce(has_table_privilege(me.oid, records.oid, 'SELECT') and has_table_privilege(me.oid, records.oid, 'INSERT')
               and has_table_privilege(me.oid, records.oid, 'UPDATE'), false)) as records
      from pg_roles me
      cross join (select current_setting('server_version_num')::int as number) version
      left join pg_roles retired on retired.rolname = ${RETIRED_ROLE}
      left join pg_namespace n on n.nspname = ${RETIRED_SCHEMA}
      left join pg_class records on records.relnamespace = n.oid and records.relname = ${RECORDS.name}
     where me.rolname = current_user`)
  const [standing] = rows
  if (!standing) throw new TypeError('pg_roles has the current user')
  return standing
}

export interface RoleStanding {
  readonly name: string
  readonly superuser: boolean
  readonly inherited: boolean
  readonly settable: boolean
  /** May be granted to others by the session's role. Before PostgreSQL 16 CREATEROLE is enough. */
  readonly administered: boolean
  /** May be granted by somebody who is no superuser. */
  readonly grantable: boolean
}

/** Which of these roles the session's role may be. */
export async function readRoleStandings(session: Session, names: readonly string[]): Promise<RoleStanding[]> {
  const { rows } = await session.query<RoleStanding & Record<string, unknown>>(sql`
    select rolname::text as name,
           rolsuper as superuser,
           pg_has_role(current_user, oid, 'USAGE') as inherited,
           pg_has_role(current_user, oid,
             case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) as settable,
           pg_has_role(current_user, oid, 'USAGE WITH ADMIN OPTION') as administered,
           current_setting('server_version_num')::int < 160000
             or exists (select from pg_auth_members m where m.roleid = pg_roles.oid and m.admin_option) as grantable
      from pg_roles where rolname = any(${names}::text[]) order by rolname`)
  return rows
}
