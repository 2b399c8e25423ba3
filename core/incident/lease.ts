import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import type { Clock, Executions, Objects } from '#core/ports.ts'

/**
 * Who may roll back a plan: `leases/<plan>.json`, changed by compare-and-swap only. The epoch grows with every claim, so
 * that a holder that was paused and wakes up after a takeover is told apart from the one that took over.
 */
const Lease = z.strictObject({
  plan: z.string(),
  epoch: z.int().positive(),
  incident: z.string(),
  execution: z.string(),
  claimedAt: z.string(),
  released: z.boolean(),
})
export type Lease = z.infer<typeof Lease>

export type Claim = { held: true; lease: Lease; tookOver: Lease | null } | { held: false; by: Lease }

/** What an execution is told that may not claim although nobody holds the lease. */
type Refused<Refusal> = [Refusal] extends [never] ? never : { held: false; by: null; refusal: Refusal }

const everybody = async (): Promise<null> => null

interface Claimant {
  readonly plan: PlanName
  readonly incident: IncidentId
  readonly execution: string
}

interface LeasePorts {
  readonly objects: Objects
  readonly executions: Executions
  readonly clock: Clock
}

const read = async (objects: Objects, plan: string) => {
  const found = await readJson(objects, keys.lease(plan))
  return found && { lease: Lease.parse(found.value), etag: found.etag }
}

/** The lease as it is now, held or released; `null` when nobody ever claimed it. For looking, not for acting as its holder. */
export const findLease = async (objects: Objects, plan: PlanName): Promise<Lease | null> =>
  (await read(objects, plan))?.lease ?? null

/** Races that one claim may lose; with the pauses between them about five seconds. */
const TRIES = 10
const PAUSE_MS = 100

/**
 * Claims the lease, joins it when it is this incident's already, or says who holds it. A holder counts as alive while its
 * execution runs, not by time: a rollback that waits for an approval for a day is alive. `admit` sees the lease of the run
 * before and may refuse; what it saw is still so when the claim succeeds. Throws `Lease.Contended`.
 */
export const claimLease = async <Refusal = never>(
  claimant: Claimant,
  ports: LeasePorts,
  admit: (previous: Lease | null) => Promise<Refusal | null> = everybody,
): Promise<Claim | Refused<Refusal>> => {
  for (let lost = 0; lost < TRIES; lost += 1) {
    // Mostly, a lost race means that another claimant has won, and the next look tells who. S3 may also refuse all of
    // several writes that come at once.
    if (lost > 0) await ports.clock.sleep(PAUSE_MS * lost * (0.5 + Math.random()))
    const found = await read(ports.objects, claimant.plan)
    if (found?.lease.incident === claimant.incident && !found.lease.released)
      return { held: true, lease: found.lease, tookOver: null }
    if (found && !found.lease.released && (await ports.executions.status(found.lease.execution)) === 'running')
      return { held: false, by: found.lease }
    const refusal = await admit(found?.lease ?? null)
    if (refusal !== null) return { held: false, by: null, refusal } as Refused<Refusal>
    const lease: Lease = {
      ...claimant,
      epoch: (found?.lease.epoch ?? 0) + 1,
      claimedAt: ports.clock.now().toISOString(),
      released: false,
    }
    const written = await writeJson(
      ports.objects,
      keys.lease(claimant.plan),
      lease,
      found ? { ifMatch: found.etag } : { ifAbsent: true },
    )
    if (written) return { held: true, lease, tookOver: found && !found.lease.released ? found.lease : null }
  }
  throw new RollbackError(
    'Lease.Contended',
    `The lease of plan "${claimant.plan}" was changed by others ${TRIES} times while run "${claimant.incident}" tried to claim it.`,
    { fix: 'Many runs of this plan begin and end at once: find what starts them, then retry.', category: 'busy' },
  )
}

/** Throws `Lease.Lost` unless the run still holds the lease. Read after the plan's advisory lock, before each mutation. */
export const requireLease = async (run: Run, objects: Objects): Promise<void> => {
  const found = await read(objects, run.plan)
  if (found && found.lease.epoch === run.epoch && found.lease.incident === run.incident && !found.lease.released) return
  throw new RollbackError(
    'Lease.Lost',
    `Run "${run.incident}" holds epoch ${run.epoch} of plan "${run.plan}", but the lease says ${
      found ? `"${found.lease.incident}" at epoch ${found.lease.epoch}` : 'nothing'
    }.`,
    { fix: 'Another run has taken over: follow that one. This one changes nothing any more.', category: 'busy' },
  )
}

/**
 * Gives the lease back; a lease that another run has taken meanwhile is left alone. One that the bucket does not let go (409) stays
 * claimed without harm: its execution ends, and who comes next takes it over.
 */
export const releaseLease = async (
  run: Run,
  { objects, clock }: Pick<LeasePorts, 'objects' | 'clock'>,
): Promise<void> => {
  for (let lost = 0; lost < TRIES; lost += 1) {
    if (lost > 0) await clock.sleep(PAUSE_MS * lost * (0.5 + Math.random()))
    const found = await read(objects, run.plan)
    if (found?.lease.epoch !== run.epoch || found.lease.incident !== run.incident || found.lease.released) return
    const released = { ...found.lease, released: true }
    if (await writeJson(objects, keys.lease(run.plan), released, { ifMatch: found.etag })) return
  }
}
