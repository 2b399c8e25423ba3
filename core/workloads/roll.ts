import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import { printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { WorkloadState, Workloads } from '#core/ports-platform.ts'
import { type Begun, readBegun, writeBegun } from '#core/workloads/found.ts'
import { pauseAfter } from '#core/workloads/pause.ts'

/** Looks of one call; then the state machine waits, which costs nothing. */
const LOOKS = 5
const ASK_AGAIN_SECONDS = 10
/** What is named of what has not followed. */
const NAMED = 20

export interface RollPorts {
  readonly workloads: Workloads
  readonly objects: Objects
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** One change of a workload that takes its time. */
export interface Roll {
  readonly run: Run
  /** Name of the step's records. */
  readonly step: string
  readonly workload: Workload
  /** Milliseconds from the beginning. */
  readonly within: number
  /** What is wanted, for people: `version web:41`. */
  readonly wanted: string
  /** Whether the workload is where it shall go, be it rolling still. */
  isThere(state: WorkloadState): boolean
  /** Starts it, or goes on with it. */
  start(): Promise<void>
}

export interface Rolled {
  readonly changed: boolean
  readonly detail: string
  /** 0: done. */
  readonly waitSeconds: number
}

export const printBehind = (behind: readonly string[]): string => {
  const more = behind.length > NAMED ? [`and ${behind.length - NAMED} more`] : []
  return [...behind.slice(0, NAMED), ...more].join(', ')
}

/** What has not come about, in one line. */
export const printRollout = ({ rollout }: WorkloadState): string =>
  rollout.behind.length === 0 ? rollout.detail : `${rollout.detail}; still running: ${printBehind(rollout.behind)}`

const stuck = ({ workload, wanted }: Roll, state: WorkloadState): RollbackError =>
  new RollbackError(
    'Rollout.Stuck',
    `${printWorkload(workload)} does not come to ${wanted}: ${state.rollout.stuck}. ${printRollout(state)}.`,
    {
      fix: 'Look at the events of the platform: an image that is gone, no capacity, a health check. Then retry, or take another path.',
    },
  )

const overdue = ({ workload, wanted, within }: Roll, state: WorkloadState): RollbackError =>
  new RollbackError(
    'Rollout.Overdue',
    `${printWorkload(workload)} has not come to ${wanted} in ${printDuration(within as Milliseconds)}: ${printRollout(state)}.`,
    { fix: 'Look at the events of the platform. A retry looks again; what is done by then is done.' },
  )

const undone = ({ workload, wanted }: Roll, state: WorkloadState): RollbackError =>
  new RollbackError(
    'Rollout.Undone',
    `${printWorkload(workload)} was brought to ${wanted}, and runs version "${state.version}" now: the platform, or somebody else, took it back.`,
    {
      fix: 'Find out who: a circuit breaker of ECS does so when the version does not become healthy, and so does a deployment of CI.',
      category: 'refused',
    },
  )

/** The rollout of before the change is still the newest one: the change was not made, or nothing came of it. */
const isUntouched = (begun: Begun, state: WorkloadState): boolean => begun.rollout === state.rollout.id

const begin = async (roll: Roll, begun: Begun | null, state: WorkloadState, ports: RollPorts): Promise<Begun> => {
  if (begun && !isUntouched(begun, state)) throw undone(roll, state)
  await requireMayChange(roll.run, ports.objects)
  const written = begun ?? (await writeBegun(roll.run, roll.step, state.rollout.id, ports))
  await roll.start()
  return written
}

/**
 * Starts a change and looks after it until everything is new and healthy. Asked again it goes on where it was. Throws
 * `Rollout.Stuck`, `Rollout.Overdue`, `Rollout.Undone`, and what may not be changed.
 */
export const rollOut = async (roll: Roll, ports: RollPorts): Promise<Rolled> => {
  const { workload, wanted } = roll
  const asked = ports.clock.now().getTime()
  let begun = await readBegun(roll.run, roll.step, ports.objects)
  let changed = false
  for (let look = 1; ; look++) {
    const state = await ports.workloads.look(workload)
    const isThere = roll.isThere(state)
    if (isThere && state.rollout.done)
      return { changed, detail: `${printWorkload(workload)}: ${wanted}, ${state.rollout.detail}`, waitSeconds: 0 }
    if (isThere && state.rollout.stuck !== null) throw stuck(roll, state)
    const since = begun ? Date.parse(begun.at) : asked
    if (ports.clock.now().getTime() > since + roll.within) throw overdue(roll, state)
    if (!isThere) {
      begun = await begin(roll, begun, state, ports)
      changed = true
    }
    if (look >= LOOKS)
      return { changed, detail: `${printWorkload(workload)}: ${printRollout(state)}`, waitSeconds: ASK_AGAIN_SECONDS }
    await ports.clock.sleep(pauseAfter(look), ports.signal)
  }
}
