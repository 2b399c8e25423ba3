import { createTrees } from '#core/ddl/render.ts'
import { writeJson } from '#core/json.ts'
import type { Objects, Session } from '#core/ports.ts'
import { requireMayRestore } from '#core/restore/bootstrap.ts'
import { requireFreeDependents } from '#core/restore/dependents.ts'
import { existing, requireFits } from '#core/restore/drift.ts'
import { createExtensions, missingExtensions, requireExtensions } from '#core/restore/extension.ts'
import { createNotes, notesExist } from '#core/restore/notes.ts'
import type { RestoreItem } from '#core/restore/part.ts'
import {
  type RestoreName,
  restoredKey,
  restorePartsKey,
  type SideSchema,
  sideSchema,
  sideTable,
} from '#core/restore/side-schema.ts'
import { findRetirement } from '#core/retire/records.ts'
import { requireAsRetired } from '#core/snapshot/agreement.ts'
import { type Manifest, readManifest } from '#core/snapshot/manifest.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import { sql } from '#core/sql/tag.ts'

export interface RestoreInput extends RestoreName {
  readonly environment: string
}

export interface PreparedRestore {
  readonly changed: boolean
  /** Schema of the notes; the tables are in its numbered siblings. */
  readonly schema: string
  /** Key of the JSON array of `RestoreItem` that a Distributed Map walks. */
  readonly key: string
  readonly count: number
  /** In the bucket. */
  readonly bytes: number
}

/**
 * Creates the bare tables in a side schema and writes the list of parts to load. Before anything is written the manifest,
 * the length of every object, the extension and the schema are checked. What stands under the names stays in service until
 * all is loaded and compared. What an earlier try prepared and loaded, of this run or of one that was killed, is kept.
 */
export async function prepareRestore(
  session: Session,
  objects: Objects,
  input: RestoreInput & { readonly createExtension: boolean },
): Promise<PreparedRestore> {
  const manifest = await readManifest(objects, input)
  const { objects: count, bytes } = await verifySnapshot(objects, manifest, { depth: 'lengths' })
  const side = sideSchema(input, manifest)
  const key = restorePartsKey(input)
  const done = (await notesExist(session, side.notes)) || (await objects.head(restoredKey(input))) !== null
  if (!done) await createTables(session, manifest, side, input.createExtension)
  await writeJson(objects, key, itemsOf(manifest, side, restoredKey(input)))
  return { changed: !done, schema: side.notes, key, count, bytes }
}

async function createTables(
  session: Session,
  manifest: Manifest,
  side: SideSchema,
  createExtension: boolean,
): Promise<void> {
  const retirement = manifest.retirement === null ? null : await findRetirement(session, manifest.retirement)
  if (retirement) requireAsRetired(manifest, retirement)
  const absent = await missingExtensions(session, manifest)
  if (!createExtension) requireExtensions(absent)
  await requireFits(session, manifest, new Set(absent.map(({ name }) => name)))
  await requireMayRestore(session, manifest)
  // What stands takes along what depends on it when it is set aside; the swap looks once more.
  if ((await existing(session, manifest.tables)).length === 0) await requireFreeDependents(session, manifest)
  await session.transaction(async () => {
    await createExtensions(session, absent)
    await createSide(session, manifest, side)
  })
}

/** Notes and bare tables; in a transaction. */
export async function createSide(session: Session, manifest: Manifest, side: SideSchema): Promise<void> {
  await createNotes(session, side.notes)
  for (const schema of side.schemas.values()) await session.query(sql`create schema ${sql.id(schema)}`)
  const definitions = manifest.tables.map(({ definition }) => definition)
  for (const statement of createTrees(definitions, (table) => sideTable(side, table))) await session.query(statement)
}

export const itemsOf = ({ tables }: Manifest, side: SideSchema, restored: string): RestoreItem[] =>
  tables.flatMap((table) =>
    table.parts.map((part) => ({
      notes: side.notes,
      restored,
      table: sideTable(side, table),
      columns: table.columns,
      format: table.format,
      part,
    })),
  )
