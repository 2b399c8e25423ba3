import { RollbackError } from '#core/errors.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * PostgreSQL leaves the schema out of what it prints when the search_path makes it superfluous; such a text would mean
 * something else to a session with another path.
 */
export async function assertEmptySearchPath(session: Session): Promise<void> {
  const { rows } = await session.query<{ path: string; empty: boolean }>(sql`
    select current_setting('search_path') as path, current_schemas(false) = '{}' as empty`)
  if (rows[0]?.empty) return
  throw new RollbackError('Capture.SearchPath', `The search_path is "${rows[0]?.path}".`, {
    fix: 'Open the session without keepSearchPath: definitions are read with an empty search_path.',
    category: 'usage',
  })
}
