import { RollbackError } from '#core/errors.ts'
import { printTable } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { doneOf, markDone, pieceName, takeYourTime } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { restoredKey, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { printDigest, type RowDigest, rowDigest, sameDigest } from '#core/snapshot/row-digest.ts'

export interface ComparedTable extends RowDigest {
  readonly schema: string
  readonly name: string
}

/**
 * Compares number and digest of the rows of every side table with the manifest, and notes the tables that are equal: only
 * those can be swapped in. Throws `Restore.RowsDiffer`.
 */
export async function compareRestore(
  session: Session,
  objects: Objects,
  input: RestoreInput,
): Promise<{ changed: boolean; tables: ComparedTable[] }> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  const progress = await restoreProgress(session, objects, { notes: side.notes, restored: restoredKey(input) })
  if (progress === 'restored')
    return {
      changed: false,
      tables: manifest.tables.map(({ schema, name, rows, digest }) => ({ schema, name, rows, digest })),
    }
  const compared = await doneOf(session, side.notes, 'compared')
  const tables: ComparedTable[] = []
  for (const table of manifest.tables) {
    const { schema, name, rows, digest } = table
    tables.push({ schema, name, rows, digest })
    if (compared.has(pieceName(table))) continue
    await session.transaction(async () => {
      await takeYourTime(session)
      const found = await rowDigest(session, sideTable(side, table))
      if (!sameDigest(found, table)) {
        throw new RollbackError(
          'Restore.RowsDiffer',
          `Table "${printTable(table)}" was restored with ${printDigest(found)}; the manifest says ${printDigest(table)}.`,
          {
            fix: `Nothing was swapped in. Look at schema "${sideTable(side, table).schema}", and report it.`,
            category: 'refused',
          },
        )
      }
      await markDone(session, side.notes, { kind: 'compared', name: pieceName(table) })
    })
  }
  return { changed: tables.length > compared.size, tables }
}
