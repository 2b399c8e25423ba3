import { setTimeout as sleep } from 'node:timers/promises'
import { postgres } from '#aws/postgres.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { findPlan } from '#cli/plans.ts'
import { interruptible } from '#cli/snapshots/interruptible.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type Steps, withSteps } from '#cli/snapshots/steps.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Clock } from '#core/ports.ts'
import { counted, duration, moment, size } from '#core/report/figures.ts'
import { newLiveSnapshot } from '#core/snapshot/keys.ts'
import type { LiveManifest } from '#core/snapshot/manifest.ts'
import { type LiveProgress, takeLive } from '#core/snapshot/take-live.ts'

export interface SnapshotsTakeOptions extends PlaceOptions {
  readonly databaseUrl: string
  readonly plans?: string
  readonly json?: boolean
}

const clock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, signal ? { signal } : {})
  },
}

/** Bytes of a table in a second, over a network; the progress tells how it really goes. */
const USUAL_RATE = 100_000_000

const tell = (shown: Steps): LiveProgress => ({
  begun: ({ takenAt, bytes, parts, notHeld }) => {
    shown.say(`All rows are as of ${moment(takenAt)}: ${size(bytes)} in ${counted(parts, 'part')}.`)
    shown.say(
      `One transaction stays open until the last part is copied, about ${duration((bytes / USUAL_RATE) * 1_000)} at ${size(USUAL_RATE)}/s: vacuum cannot remove what dies meanwhile, in any table of the database.`,
    )
    for (const { object, why } of notHeld) shown.say(`Not in it: ${object}, which ${why}.`)
    shown.begin('Copy', null)
  },
  copied: ({ rawBytes, rows }) => shown.add(rawBytes, rows),
})

const document = (manifest: LiveManifest, place: string, heldBackMs: number) => ({
  id: manifest.snapshot,
  plan: manifest.plan,
  place,
  consistency: manifest.consistency,
  takenAt: manifest.takenAt,
  heldBackVacuumMs: heldBackMs,
  rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
  bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  tables: manifest.tables.map(({ schema, name, rows, bytes }) => ({ schema, name, rows, bytes })),
})

const told = ({ id, rows, bytes, tables, takenAt, heldBackVacuumMs }: ReturnType<typeof document>): string =>
  `Snapshot "${id}": ${counted(rows, 'row')} of ${counted(tables.length, 'table')} as of ${moment(takenAt)}, ${size(bytes)} stored.
Its transaction held back vacuum for ${duration(heldBackVacuumMs)}. It is live: a backup and evidence; no purge relies on it.`

const take = (plan: Plan, options: SnapshotsTakeOptions): Promise<ExitCode> =>
  atPlace(options, 'start', async ({ objects, environment, label }) => {
    const database = postgres({ url: options.databaseUrl })
    const began = performance.now()
    const manifest = await interruptible((signal) =>
      withSteps((shown) =>
        takeLive(
          database,
          objects,
          {
            plan: plan.name,
            snapshot: newLiveSnapshot(clock.now()),
            environment,
            tables: plan.protects.tables,
            partBytes: plan.snapshot.partBytes,
            concurrency: plan.snapshot.concurrency,
            clock,
            check: (session) => checkDatabase(session, plan, database.label),
            told: tell(shown),
          },
          signal,
        ),
      ),
    )
    const result = document(manifest, label, Math.round(performance.now() - began))
    process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : told(result)}\n`)
    return EXIT.ok
  })

/** `vector-rollback snapshots take`: all tables of a plan as of one moment, while they are in service. */
export const snapshotsTake = async (name: string, options: SnapshotsTakeOptions): Promise<ExitCode> =>
  take(await loadPlan(await findPlan(name, options.plans)), options)
