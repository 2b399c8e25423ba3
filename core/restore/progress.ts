import { RollbackError } from '#core/errors.ts'
import type { Objects, Session } from '#core/ports.ts'
import { notesExist } from '#core/restore/notes.ts'

/**
 * Where a restore stands: `open` while its notes are in the database, `restored` when it was swapped in and cleared away,
 * so that an event that arrives once more finds its work done. Throws `Restore.NotPrepared`.
 */
export async function restoreProgress(
  session: Session,
  objects: Objects,
  { notes, restored }: { notes: string; restored: string },
): Promise<'open' | 'restored'> {
  if (await notesExist(session, notes)) return 'open'
  if (await objects.head(restored)) return 'restored'
  throw new RollbackError('Restore.NotPrepared', `There is no schema "${notes}".`, {
    fix: 'Prepare the restore first.',
    category: 'refused',
  })
}
