import { s3Objects } from '#aws/objects.ts'
import { readJson } from '#core/json.ts'
import type { IncidentId, SnapshotId } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { notesSchema } from '#core/restore/side-schema.ts'
import type { Retirement } from '#core/retire/record.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { sealSnapshot } from '#core/snapshot/seal.ts'
import { sql } from '#core/sql/tag.ts'
import { travellingClock } from '#local/clock.ts'
import { setEnvironment } from '#local/environment.ts'
import type { PartWorkers } from './part-workers.ts'
import type { S3Process } from './s3-process.ts'
import { BENCH_PLAN, type VectorTable } from './vector-table.ts'

const ENVIRONMENT = 'bench'

/** What moving a whole table took. */
export interface Moved {
  readonly seconds: number
  /** The largest resident set that a process which moved parts ever had, in bytes; `null` of a program that is not ours. */
  readonly peakBytes: number | null
}

export interface Place {
  /** Who moves the parts. */
  readonly workers: PartWorkers
  readonly table: VectorTable
  readonly bucket: string
  readonly s3: S3Process
}

const inOneSession = <T>({ table, bucket }: Place, work: (session: Session, objects: Objects) => Promise<T>) =>
  table.database.session({ applicationName: 'vector-rollback:bench', statementTimeout: 0 }, (session) =>
    work(session, s3Objects(bucket)),
  )

const timed = async ({ workers, s3 }: Place, work: () => Promise<void>): Promise<Moved> => {
  const restore = setEnvironment(s3.environment)
  try {
    const started = performance.now()
    await work()
    return { seconds: (performance.now() - started) / 1000, peakBytes: workers.peakBytes() }
  } finally {
    restore()
  }
}

/** A snapshot of a retired table, from the list of parts to the sealed manifest, as the state machine runs it. */
export const takeSnapshot = (place: Place, retirement: Retirement): Promise<Moved> =>
  timed(place, async () => {
    const { bucket, table, workers } = place
    await inOneSession(place, (session, objects) => planParts(session, objects, { retirement }))
    const items = PartItem.array().parse(await partsOf(place, `snapshots/${BENCH_PLAN}/${retirement.id}/parts.json`))
    await workers.move(items.map((item) => ({ kind: 'snapshot', bucket, url: table.url, item })))
    const sealed = await inOneSession(place, (session, objects) =>
      sealSnapshot(session, objects, {
        retirement,
        environment: ENVIRONMENT,
        database: table.database.label,
        clock: travellingClock(),
      }),
    )
    if (sealed.rows !== table.rows) throw new Error(`the snapshot has ${sealed.rows} rows, the table ${table.rows}`)
  })

/** A restore into a side schema up to compared digests, without constraints and indexes. The side schema goes again. */
export const loadSnapshot = async (place: Place, retirement: Retirement): Promise<Moved> => {
  const { bucket, table, workers } = place
  const snapshot = retirement.id as string as SnapshotId
  const name = { plan: BENCH_PLAN, incident: 'restore' as IncidentId, snapshot, environment: ENVIRONMENT }
  const moved = await timed(place, async () => {
    const { key } = await inOneSession(place, (session, objects) =>
      prepareRestore(session, objects, { ...name, createExtension: false }),
    )
    const items = RestoreItem.array().parse(await partsOf(place, key))
    await workers.move(items.map((item) => ({ kind: 'restore', bucket, url: table.url, item })))
    const { tables } = await inOneSession(place, (session, objects) => compareRestore(session, objects, name))
    const rows = tables.reduce((sum, one) => sum + one.rows, 0)
    if (rows !== table.rows) throw new Error(`${rows} rows were compared, not ${table.rows}`)
  })
  const notes = notesSchema(name)
  await inOneSession(place, async (session) => {
    // Autovacuum may be at the new table.
    await session.query(sql`select set_config('lock_timeout', '0', false)`)
    await session.query(sql`drop schema ${sql.id(`${notes}_1`)} cascade`)
    await session.query(sql`drop schema ${sql.id(notes)} cascade`)
  })
  return moved
}

const partsOf = async ({ bucket }: Place, key: string): Promise<unknown> =>
  (await readJson(s3Objects(bucket), key))?.value
