import { isView } from '#core/ddl/dependents/definition.ts'
import { named } from '#core/ddl/render/names.ts'
import { printTable } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { dependentsOf } from '#core/restore/dependents.ts'
import { markDone, pieceName, takeYourTime } from '#core/restore/notes.ts'
import type { Restored } from '#core/restore/restored.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/** What the view's own query says, or what it reads: data exceptions, constraints, names and rights, not populated, raised. */
const OF_THE_QUERY = /^(22|23|42|55000|P0001|21)/

/**
 * Fills the materialized views that had rows, each in one transaction that notes it as done. A view whose query fails does not
 * hold up the restore: it is reported, and stays without data.
 */
export async function refreshViews(
  session: Session,
  manifest: Manifest,
  notes: string,
): Promise<Restored['unrefreshed']> {
  const unrefreshed: Restored['unrefreshed'] = []
  const views = dependentsOf(manifest)
    .filter(isView)
    .filter(({ populated }) => populated === true)
    .map(({ relation }) => relation.table)
  for (const view of views) {
    try {
      const refreshed = await session.transaction(async () => {
        await takeYourTime(session)
        if (!(await markDone(session, notes, { kind: 'refreshed', name: pieceName(view) }))) return false
        // The query runs as the view's owner, and shows what the policies show to that role: as it did before.
        await session.query(sql`select set_config('row_security', 'on', true)`)
        await session.query(sql`refresh materialized view ${named(view)}`)
        return true
      })
      if (refreshed) await session.query(sql`analyze ${named(view)}`)
    } catch (error) {
      if (!OF_THE_QUERY.test(sqlState(error) ?? '')) throw error
      unrefreshed.push({ view: printTable(view), why: error instanceof Error ? error.message : String(error) })
    }
  }
  return unrefreshed
}
