import { attachKeys, constraintsAfterLoad } from '#core/ddl/render.ts'
import { RollbackError } from '#core/errors.ts'
import type { Objects, Session } from '#core/ports.ts'
import { addInnerForeignKeys } from '#core/restore/inner-foreign-keys.ts'
import { doneOf, markDone, pieceName, takeYourTime } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { restoredKey, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { readManifest } from '#core/snapshot/manifest.ts'

/**
 * Adds primary keys, unique, exclusion and check constraints to the loaded side tables, then the foreign keys between them:
 * each table in one transaction that notes it as done. Throws `Restore.Incomplete` while parts are missing.
 */
export async function finishLoad(
  session: Session,
  objects: Objects,
  input: RestoreInput,
): Promise<{ changed: boolean }> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  const progress = await restoreProgress(session, objects, { notes: side.notes, restored: restoredKey(input) })
  if (progress === 'restored') return { changed: false }
  const loaded = await doneOf(session, side.notes, 'part')
  const absent = manifest.tables.flatMap(({ parts }) => parts).filter(({ key }) => !loaded.has(key))
  if (absent[0]) {
    throw new RollbackError(
      'Restore.Incomplete',
      `${absent.length} parts are not loaded yet, "${absent[0].key}" for one.`,
      {
        fix: 'Load the parts again: those that are loaded are left alone.',
      },
    )
  }
  let changed = false
  const definitions = manifest.tables.map(({ definition }) => definition)
  // Children before parents.
  for (const definition of definitions.toReversed()) {
    const added = await session.transaction(async () => {
      await takeYourTime(session)
      const piece = { kind: 'constraints', name: pieceName(definition.table) } as const
      if (!(await markDone(session, side.notes, piece))) return false
      for (const statement of constraintsAfterLoad(definition, sideTable(side, definition.table).schema)) {
        await session.query(statement)
      }
      return true
    })
    changed ||= added
  }
  const related = await session.transaction(async () => {
    await takeYourTime(session)
    if (!(await markDone(session, side.notes, { kind: 'foreign keys', name: 'all' }))) return false
    for (const statement of attachKeys(definitions, (table) => sideTable(side, table))) await session.query(statement)
    await addInnerForeignKeys(session, manifest, side)
    return true
  })
  return { changed: changed || related }
}
