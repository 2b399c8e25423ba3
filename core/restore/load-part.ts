import { RollbackError } from '#core/errors.ts'
import type { Objects, Session } from '#core/ports.ts'
import { markDone, takeYourTime } from '#core/restore/notes.ts'
import type { RestoreItem } from '#core/restore/part.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { verifiedPart } from '#core/snapshot/verify.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Loads one part into its side table: rows and the note that they are loaded are committed together, after length, digests
 * and number of rows were compared with the manifest. A part that was loaded before is left alone.
 * Throws `Snapshot.PartCorrupt`, `Restore.RowsDiffer`, `Restore.NotPrepared`.
 */
export async function loadPart(
  session: Session,
  objects: Objects,
  item: RestoreItem,
  signal?: AbortSignal,
): Promise<{ changed: boolean; rows: number }> {
  const { notes, table, columns, format, part } = item
  if ((await restoreProgress(session, objects, item)) === 'restored') return { changed: false, rows: part.rows }
  return session.transaction(async () => {
    await takeYourTime(session)
    if (!(await markDone(session, notes, { kind: 'part', name: part.key }))) return { changed: false, rows: part.rows }
    const list = columns.length === 0 ? sql`` : sql` (${sql.join(columns.map((column) => sql.id(column)))})`
    const rows = await session.copyIn(
      sql`copy ${sql.id(table.schema, table.name)}${list} from stdin (format ${sql.raw(format)})`,
      verifiedPart(objects, part, signal),
      signal,
    )
    if (rows === part.rows) return { changed: true, rows }
    throw new RollbackError('Restore.RowsDiffer', `"${part.key}" gave ${rows} rows, the manifest says ${part.rows}.`, {
      fix: 'Nothing of it was kept. Use another snapshot.',
      category: 'refused',
    })
  })
}
