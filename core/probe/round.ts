import { RollbackError } from '#core/errors.ts'
import { checkSentinel } from '#core/incident/right-database.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock, Database } from '#core/ports.ts'
import { type Measured, measure, type Probe, probesOf, told, unmeasured } from '#core/probe/measure.ts'
import { isUnreachable } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/** A probe that takes longer says as little as one that fails, and keeps the others waiting. */
const PROBE_MS = 5_000
/** The server ends a statement after PROBE_MS. A connection that is still silent then is given up: it is half-open. */
const SILENT_MS = 7_000
/** What connecting and one more probe may take, and telling of it after that. */
const ENOUGH_MS = 15_000

/** What the probes of one plan found. */
export interface Round {
  readonly plan: string
  /** ISO 8601: when the round began. */
  readonly at: string
  readonly connectFailed: boolean
  /** Why the database could not be asked, or not to the end. */
  readonly error: Measured['error']
  /** The most severe signals first, then that of the connection itself. */
  readonly results: readonly Measured[]
}

interface RoundPorts {
  readonly database: Database
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Milliseconds that are left for everything. */
  readonly remaining: () => number
}

const noTime = (): RollbackError =>
  new RollbackError('Probe.NoTimeLeft', 'The probes before it took all the time of the round.', {
    fix: 'See which of them are slow (probe_duration, or "vector-rollback probe"), and make them cheaper.',
  })

const alive = sql`select 1 as alive`

/** How far one session came. */
interface Sitting {
  /** The probes that were asked, in their order. */
  readonly asked: Measured[]
  connected: boolean
  /** The database has shown that it is the plan's. */
  right: boolean
}

/** Asks one probe after the other in one session, as long as the session lives. */
const sit = async (plan: Plan, probes: readonly Probe[], ports: RoundPorts, sitting: Sitting): Promise<void> => {
  const { database, clock, signal, remaining } = ports
  const silent = new AbortController()
  const options = {
    applicationName: `vector-rollback:probe:${plan.name}`,
    statementTimeout: PROBE_MS,
    signal: AbortSignal.any([signal, silent.signal]),
  }
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    const answered = new AbortController()
    clock.sleep(SILENT_MS, answered.signal).then(
      () => silent.abort('the database was silent'),
      () => undefined,
    )
    return work().finally(() => answered.abort())
  }
  await database.session(options, async (session) => {
    sitting.connected = true
    await watched(() => checkSentinel(session, plan, database.label))
    sitting.right = true
    for (const probe of probes) {
      if (remaining() < ENOUGH_MS) {
        sitting.asked.push(unmeasured(probe, noTime()))
        continue
      }
      const started = performance.now()
      try {
        sitting.asked.push(await watched(() => measure(session, probe)))
      } catch (error) {
        sitting.asked.push(unmeasured(probe, error, performance.now() - started))
        // Throws when the probe took the session along: the next ones need another.
        await watched(() => session.query(alive))
      }
    }
  })
}

const connection = (plan: Plan, failed: boolean, ms: number): Measured[] =>
  Object.entries(plan.signals).flatMap(([signal, { source, unit, limit }]): Measured[] =>
    source.kind === 'connect'
      ? [{ signal, value: failed ? 1 : 0, unit, limit, breached: failed, ms, error: null }]
      : [],
  )

/**
 * Runs the probes of a plan, one after the other, each in a transaction of its own. What goes wrong with one of them is
 * its own result: where it took the connection along, the others go on over another one. Never throws for the database:
 * one that cannot be reached is a finding (`connectFailed`), and so is a wrong one, of which nothing is measured. Throws
 * when the signal aborts, since nobody knows then what would have been found.
 */
export const probeRound = async (plan: Plan, ports: RoundPorts): Promise<Round> => {
  const at = ports.clock.now().toISOString()
  const started = performance.now()
  const probes = probesOf(plan)
  const results: Measured[] = []
  let connectFailed = false
  let failure: unknown = null
  do {
    const sitting: Sitting = { asked: [], connected: false, right: false }
    const rest = probes.slice(results.length)
    try {
      await sit(plan, rest, ports, sitting)
    } catch (error) {
      ports.signal.throwIfAborted()
      if (!sitting.right) {
        failure = error
        // Lost before it said anything is not connected; a database that is not the plan's has said so.
        connectFailed = !sitting.connected || isUnreachable(error)
      }
    }
    results.push(...sitting.asked)
    if (failure !== null) results.push(...rest.map((probe) => unmeasured(probe, failure)))
  } while (results.length < probes.length)
  return {
    plan: plan.name,
    at,
    connectFailed,
    error: failure === null ? null : told(failure),
    results: [...results, ...connection(plan, connectFailed, performance.now() - started)],
  }
}
