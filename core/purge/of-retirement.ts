import { RollbackError } from '#core/errors.ts'
import type { Retirement } from '#core/retire/record.ts'
import type { Manifest, RetiredManifest } from '#core/snapshot/manifest.ts'

/**
 * Only a snapshot of the tables as they lie retired speaks for them. One that was taken while they were written authorises
 * nothing, wherever it lies and whatever its name. Throws `Purge.LiveSnapshot`, `Purge.OtherRetirement`.
 */
export const requireOfRetirement = (manifest: Manifest, { id }: Retirement): RetiredManifest => {
  if (manifest.consistency !== 'retired') {
    throw new RollbackError(
      'Purge.LiveSnapshot',
      `Snapshot "${manifest.snapshot}" is "${manifest.consistency}": its tables were written while it was taken, and rows may be missing from it.`,
      {
        fix: 'Nothing was dropped. Run the path full again: it snapshots the retired tables themselves.',
        category: 'refused',
      },
    )
  }
  if (manifest.retirement === id) return manifest
  throw new RollbackError(
    'Purge.OtherRetirement',
    `Snapshot "${manifest.snapshot}" is of retirement "${manifest.retirement}", not of "${id}".`,
    { fix: 'Nothing was dropped. Run the path full again: it snapshots the retired tables.', category: 'refused' },
  )
}
