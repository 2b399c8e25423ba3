import { RollbackError } from '#core/errors.ts'
import type { IncidentId } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { notesExist, takeYourTime } from '#core/restore/notes.ts'
import { createSide, type RestoreInput } from '#core/restore/prepare.ts'
import { type SideSchema, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import type { Manifest, SnapshotName } from '#core/snapshot/manifest.ts'
import { terminateBackends } from '#core/sql/advisory-lock.ts'
import { sql } from '#core/sql/tag.ts'

/** A restore that is never swapped in, by which the pieces of a restore find its place. It leaves nothing in the bucket. */
export const scratchInput = ({ plan, snapshot, environment }: SnapshotName): RestoreInput => ({
  ...{ plan, snapshot, environment },
  incident: 'deep-verification' as IncidentId,
  place: 'scratch',
})

export const scratchSchema = (name: SnapshotName, manifest: Manifest): SideSchema =>
  sideSchema(scratchInput(name), manifest)

/** Not the prefix of any plan's sessions, whose names have no `_`: a rollback neither waits for this nor ends it. */
export const scratchApplication = ({ notes }: SideSchema): string =>
  `vector-rollback:verify_${notes.slice(notes.lastIndexOf('_') + 1)}:`

/**
 * Makes the scratch tables anew, for as long as the session lasts; what an earlier verification left there goes, with the
 * index builds that outlived it. Throws `Verify.Busy`.
 */
export async function makeScratch(session: Session, manifest: Manifest, side: SideSchema): Promise<void> {
  const { rows } = await session.query<{ taken: boolean }>(
    sql`select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(${`vector-rollback:${side.notes}`}, 0)) as taken`,
  )
  if (rows[0]?.taken !== true) {
    throw new RollbackError('Verify.Busy', `Snapshot "${manifest.snapshot}" is being verified in "${side.notes}".`, {
      fix: 'Wait for that one to end, then verify it again.',
      category: 'busy',
    })
  }
  await terminateBackends(session, scratchApplication(side))
  await dropScratch(session, manifest, side)
  await session.transaction(() => createSide(session, manifest, side))
}

/** Only what a verification makes, table by table and without cascade: what somebody else put there stays, and says so. */
export async function dropScratch(session: Session, manifest: Manifest, side: SideSchema): Promise<void> {
  if (!(await notesExist(session, side.notes))) return
  const tables = await existing(session, [
    ...manifest.tables.map((table) => sideTable(side, table)),
    { schema: side.notes, name: 'done' },
  ])
  await session.transaction(async () => {
    // Loads that were given up may not have ended yet; nobody else has to wait for us here.
    await takeYourTime(session)
    if (tables.length > 0)
      await session.query(sql`drop table ${sql.join(tables.map(({ schema, name }) => sql.id(schema, name)))}`)
    for (const schema of [...side.schemas.values(), side.notes])
      await session.query(sql`drop schema if exists ${sql.id(schema)}`)
  })
}
