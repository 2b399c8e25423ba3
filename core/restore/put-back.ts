import type { Clock, Objects, Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { doneOf, notesExist } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { findSetAside } from '#core/restore/set-aside.ts'
import { sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { type Undone, undoRetire } from '#core/retire/undo.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Moves back what this or an earlier restore set aside and nothing has taken the place of: the newest of each name. What a full
 * rollback retired stays retired. Validates foreign keys, which reads the tables.
 */
export async function putBack(
  session: Session,
  objects: Objects,
  input: RestoreInput & { readonly clock: Clock; readonly lockOptions: TableLockOptions },
): Promise<Undone[]> {
  const manifest = await readManifest(objects, input)
  const { clock, lockOptions } = input
  const undone: Undone[] = []
  for (const { id, replacedBy, tables } of await findSetAside(session, manifest)) {
    if (replacedBy !== null) continue
    const names = tables.map(({ definition }) => definition.table)
    if ((await existing(session, names)).length > 0) continue
    undone.push(await undoRetire(session, { retirement: id, clock, lockOptions }))
  }
  return undone
}

/**
 * Drops the copies that were loaded from the snapshot, and only them: without cascade, so that what somebody else put there
 * stays and says so. `false` when there are none, or when they are in their places.
 */
export async function dropCopies(session: Session, objects: Objects, input: RestoreInput): Promise<boolean> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  if (!(await notesExist(session, side.notes)) || (await doneOf(session, side.notes, 'swapped')).has('all'))
    return false
  await session.transaction(async () => {
    const copies = manifest.tables.map(({ definition }) => sideTable(side, definition.table))
    await session.query(sql`drop table if exists ${sql.join(copies.map(({ schema, name }) => sql.id(schema, name)))}`)
    for (const schema of side.schemas.values()) await session.query(sql`drop schema ${sql.id(schema)}`)
    await session.query(sql`drop table ${sql.id(side.notes, 'done')}`)
    await session.query(sql`drop schema ${sql.id(side.notes)}`)
  })
  return true
}
