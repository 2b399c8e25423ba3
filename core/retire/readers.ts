import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Reader {
  readonly role: string
  /** What lets it read tables that nobody granted to it. */
  readonly through: string
  /** Superusers, RDS's master users and the session's own role: nothing could keep them out. */
  readonly unavoidable: boolean
}

/** Roles that can log in and read every table, retired or not. */
export async function findReaders(session: Session): Promise<Reader[]> {
  const { rows } = await session.query<Reader & Row>(sql`
    select r.rolname::text as role,
           case when r.rolsuper then 'superuser' else 'pg_read_all_data' end as through,
           r.rolsuper or r.rolname = current_user
             or coalesce(pg_has_role(r.oid, (select oid from pg_roles where rolname = 'rds_superuser'), 'MEMBER'), false) as unavoidable
      from pg_roles r
     where r.rolcanlogin and (r.rolsuper or pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER'))
     order by 1`)
  return rows
}
