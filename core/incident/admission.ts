import { z } from 'zod'
import { type Breaker, countedRuns, isCounted, openBreaker, readBreaker } from '#core/incident/breaker.ts'
import { canEscalate, isOtherScenario, isWorse } from '#core/incident/course.ts'
import type { JoinedWhy } from '#core/incident/joined.ts'
import { keys } from '#core/incident/keys.ts'
import type { Lease } from '#core/incident/lease.ts'
import type { Request } from '#core/incident/request.ts'
import { readJson } from '#core/json.ts'
import { type IncidentId, PATHS } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { printRoute, type Route } from '#core/plan/work-of.ts'
import type { Clock, Objects } from '#core/ports.ts'

/** A request that gets no run of its own, and the incident that it belongs to. */
export interface Refusal {
  readonly why: Exclude<JoinedWhy, 'running'>
  /** The run before it; `null` when there was none. */
  readonly joined: IncidentId | null
  readonly detail: string
  /** Only for the request that has opened the breaker, and since when: people are told once. */
  readonly opened: string | null
}

interface AdmissionPorts {
  readonly objects: Objects
  readonly clock: Clock
}

/** What counts in the report of the run before. */
const Ended = z.looseObject({
  path: z.enum(PATHS),
  scenario: z.string().optional(),
  outcome: z.string(),
  createdAt: z.string(),
  drill: z.boolean(),
})

const readEnded = async (objects: Objects, id: IncidentId) => {
  const found = await readJson(objects, keys.report(id, 'json'))
  return found && Ended.parse(found.value)
}

/** Whether what has just ended has done what is asked for now. */
const covers = (done: Route, asked: Route): boolean => {
  if (isOtherScenario(asked, done)) return false
  return (
    done.path === asked.path || (canEscalate(done.path) && canEscalate(asked.path) && !isWorse(asked.path, done.path))
  )
}

/** An alarm decides nothing for people: they and drills are never held back. */
const isHeldBack = ({ signal, drill }: Request): boolean => signal !== undefined && drill !== true

const coolsDown = async (
  request: Request,
  plan: Plan,
  previous: Lease | null,
  { objects, clock }: AdmissionPorts,
): Promise<Refusal | null> => {
  // A run that was taken over, or never wrote its report, has not done what it began.
  if (!previous?.released) return null
  const joined = previous.incident as IncidentId
  const ended = await readEnded(objects, joined)
  if (!ended || ended.drill || ended.outcome === 'nothing-to-do' || !covers(ended, request)) return null
  const until = Date.parse(ended.createdAt) + plan.cooldown
  if (clock.now().getTime() >= until) return null
  const detail = `run "${joined}" took the ${printRoute(ended)} path and ended at ${ended.createdAt}; the cooldown lasts until ${new Date(until).toISOString()}`
  return { why: 'cooldown', joined, detail, opened: null }
}

interface Asking {
  readonly request: Request
  readonly plan: Plan
  /** The execution that asks. */
  readonly execution: string
  /** The run before it, or the one that it would take further. */
  readonly joined: IncidentId | null
}

const refusedBy = ({ plan, joined, execution }: Asking, { openedAt, openedBy }: Breaker): Refusal => ({
  why: 'breaker',
  joined,
  detail: `the breaker of plan "${plan.name}" is open since ${openedAt}, until a person closes it`,
  // Asked again after it was killed, the one that has opened it tells people again rather than never.
  opened: openedBy === execution ? openedAt : null,
})

const isOpen = async (asking: Asking, { objects }: AdmissionPorts): Promise<Refusal | null> => {
  const breaker = await readBreaker(objects, asking.plan.name)
  return breaker?.state === 'open' ? refusedBy(asking, breaker) : null
}

const isTooMuch = async (asking: Asking, counted: IncidentId, ports: AdmissionPorts): Promise<Refusal | null> => {
  const { request, plan, execution } = asking
  if (!isCounted(request.path)) return null
  // What an incident has done before does not count against it.
  const runs = (await countedRuns(plan.name, ports)).filter((run) => run !== counted)
  const limit = plan['runs-per-day']
  if (runs.length < limit) return null
  const breaker = await openBreaker(plan.name, { openedBy: execution, runs, limit }, ports)
  return breaker && refusedBy(asking, breaker)
}

/** Whether an alarm may take a run further: `null`, or why not. A cooldown holds nothing back that is worse. */
export const admitDemand = async (asking: Asking & { joined: IncidentId }, ports: AdmissionPorts) =>
  isHeldBack(asking.request) ? ((await isOpen(asking, ports)) ?? (await isTooMuch(asking, asking.joined, ports))) : null

/**
 * Whether an execution may claim the lease: `null`, or why not. Asked between the look at the lease and the claim, which
 * fails when the lease has changed: nothing begins or ends in between.
 */
export const admit = async (
  request: Request,
  plan: Plan,
  incident: IncidentId,
  previous: Lease | null,
  ports: AdmissionPorts,
): Promise<Refusal | null> => {
  // A person has begun it again.
  if (!isHeldBack(request) || previous?.incident === incident) return null
  const joined = (previous?.incident ?? null) as IncidentId | null
  const asking = { request, plan, execution: incident, joined }
  return (
    (await isOpen(asking, ports)) ??
    (await coolsDown(request, plan, previous, ports)) ??
    (await isTooMuch(asking, incident, ports))
  )
}
