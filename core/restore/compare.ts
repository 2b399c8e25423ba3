import { RollbackError } from '#core/errors.ts'
import { printTable } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { digestPiece, forgetPieces, PIECE_BYTES } from '#core/restore/digest-pieces.ts'
import { doneOf, markDone, pieceName, takeYourTime } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { restoredKey, type SideSchema, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { type ManifestTable, readManifest } from '#core/snapshot/manifest.ts'
import { printDigest, type RowDigest, sameDigest } from '#core/snapshot/row-digest.ts'

export interface ComparedTable extends RowDigest {
  readonly schema: string
  readonly name: string
}

/** How a comparison that is longer than a function goes on in the next one. */
export interface Pacing {
  /** Of a table, that one statement digests. */
  readonly bytes: number
  /** Asked before each piece but the first: whether there is time for one more. */
  readonly mayGoOn: () => boolean
}

/**
 * Compares number and digest of the rows of every side table with the manifest, piece by piece, and notes the tables that are equal:
 * only those can be swapped in. `finished: false` when there was no time for the rest. Throws `Restore.RowsDiffer`.
 */
export async function compareRestore(
  session: Session,
  objects: Objects,
  input: RestoreInput,
  { bytes, mayGoOn }: Pacing = { bytes: PIECE_BYTES, mayGoOn: () => true },
): Promise<{ changed: boolean; finished: boolean; tables: ComparedTable[] }> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  const progress = await restoreProgress(session, objects, { notes: side.notes, restored: restoredKey(input) })
  if (progress === 'restored')
    return {
      changed: false,
      finished: true,
      tables: manifest.tables.map(({ schema, name, rows, digest }) => ({ schema, name, rows, digest })),
    }
  const compared = await doneOf(session, side.notes, 'compared')
  const tables: ComparedTable[] = []
  let begun = false
  for (const table of manifest.tables) {
    const { schema, name, rows, digest } = table
    tables.push({ schema, name, rows, digest })
    if (compared.has(pieceName(table))) continue
    for (let finished = false; !finished; ) {
      if (begun && !mayGoOn()) return { changed: true, finished: false, tables }
      begun = true
      const found = await session.transaction(() => comparePiece(session, side, table, bytes))
      if (found && !sameDigest(found, table)) throw differs(table, found, sideTable(side, table).schema)
      finished = found !== null
    }
  }
  return { changed: tables.length > compared.size, finished: true, tables }
}

/** In a transaction. The digest of the whole table when that was its last piece, noted as compared when it is the manifest's. */
async function comparePiece(
  session: Session,
  side: SideSchema,
  table: ManifestTable,
  bytes: number,
): Promise<RowDigest | null> {
  await takeYourTime(session)
  const pieces = { notes: side.notes, table, side: sideTable(side, table), bytes }
  const found = await digestPiece(session, pieces)
  if (found === null) return null
  if (sameDigest(found, table)) await markDone(session, side.notes, { kind: 'compared', name: pieceName(table) })
  // Whoever mends it wants it read anew.
  else await forgetPieces(session, pieces)
  return found
}

const differs = (table: ManifestTable, found: RowDigest, schema: string): RollbackError =>
  new RollbackError(
    'Restore.RowsDiffer',
    `Table "${printTable(table)}" was restored with ${printDigest(found)}; the manifest says ${printDigest(table)}.`,
    { fix: `Nothing was swapped in. Look at schema "${schema}", and report it.`, category: 'refused' },
  )
