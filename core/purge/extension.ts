import type { Session } from '#core/ports.ts'
import type { Coverage } from '#core/purge/coverage.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Why an extension has to stay: something outside the retired tables uses it, or it is not ours to drop. `null`: it may go.
 */
export async function mayDropExtension(
  session: Session,
  name: string,
  { extension }: Coverage,
): Promise<string | null> {
  if (!extension) return `Extension "${name}" is not installed.`
  const [first] = extension.usedBy
  if (first) {
    const others = extension.usedBy.length - 1
    return `${first.type} "${first.identity}"${others > 0 ? ` and ${others} more` : ''} uses it.`
  }
  const { rows } = await session.query<{ owner: string; own: boolean }>(sql`
    select r.rolname as owner, pg_catalog.pg_has_role(current_user, r.oid, 'USAGE') as own
    from pg_catalog.pg_extension e join pg_catalog.pg_roles r on r.oid = e.extowner where e.extname = ${name}`)
  return rows[0]?.own ? null : `It belongs to "${rows[0]?.owner}".`
}
