import { supersedeQuestion } from '#core/approval/supersede.ts'
import { RollbackError } from '#core/errors.ts'
import { admitDemand, type Refusal } from '#core/incident/admission.ts'
import {
  type Course,
  canEscalate,
  type Demand,
  demandPath,
  holdBack,
  isOtherScenario,
  isWorse,
  readCourse,
} from '#core/incident/course.ts'
import { readIncident } from '#core/incident/incident.ts'
import { type JoinedWhy, recordJoined } from '#core/incident/joined.ts'
import { leaveOpen } from '#core/incident/left-open.ts'
import { printSignal } from '#core/incident/message-values.ts'
import type { Request } from '#core/incident/request.ts'
import { readMessages, tell } from '#core/incident/tell.ts'
import type { IncidentId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { MessageEvent } from '#core/plan/messages.ts'
import { printRoute, type Route } from '#core/plan/work-of.ts'
import type { Ports } from '#core/steps/define-step.ts'

type JoinPorts = Pick<Ports, 'objects' | 'executions' | 'notifier' | 'plans' | 'clock' | 'environment'>

/** An execution that gets no run of its own, and what it wants. */
export interface Joiner {
  readonly incident: IncidentId
  readonly request: Request
  readonly plan: Plan
}

const record = async ({ incident, request }: Joiner, to: IncidentId, why: JoinedWhy, ports: JoinPorts) =>
  recordJoined(ports.objects, to, { at: ports.clock.now().toISOString(), incident, why, request })

const valuesOf = ({ request }: Joiner) => ({
  reason: request.reason,
  signal: request.signal?.name ?? 'a person',
  severity: request.signal?.severity ?? '-',
  ...(request.signal ? { signals: printSignal(request.signal), started: request.signal.at } : {}),
})

/** The run that is told of; its execution is in its own record. */
const tellerOf = ({ plan, request }: Joiner, to: IncidentId) => ({
  ...{ plan: plan.name, incident: to, path: request.path, drill: request.drill ?? false },
  execution: '',
})

/** The first one alone: fifty alarms of one incident call people once, and the updates and the report list them. */
export const tellOfJoining = (joiner: Joiner, to: IncidentId, status: string, ports: JoinPorts) =>
  tell({ ...tellerOf(joiner, to), path: null }, 'joined', { ...valuesOf(joiner), status }, ports, 'the first one')

/** Once: a call that is repeated after it was killed finds its message in the record. */
const tellOnce = async (
  joiner: Joiner,
  to: IncidentId,
  event: MessageEvent,
  { since, next }: { since: string; next: string },
  ports: JoinPorts,
): Promise<void> => {
  const told = await readMessages(ports.objects, to)
  if (told.some((message) => message.event === event && message.at >= since)) return
  const run = tellerOf(joiner, to)
  await tell(run, event, { ...valuesOf(joiner), next }, ports)
}

const BREAKER = (plan: string) =>
  `See what starts it so often; then close the breaker: vector-rollback breaker close ${plan} --by … --reason … Runs that people start are not held back.`

/** A request that may not begin although nothing else goes on: it is in the record of the run before it, and people hear of an open breaker. */
export const recordRefusal = async (joiner: Joiner, refusal: Refusal, ports: JoinPorts): Promise<void> => {
  const { joined, why, opened } = refusal
  if (joined) await record(joiner, joined, why, ports)
  if (!opened) return
  const to = joined ?? joiner.incident
  await tellOnce(joiner, to, 'held-back', { since: opened, next: BREAKER(joiner.plan.name) }, ports)
}

/** The course of a run that others join; one that has only just claimed the lease has none yet. */
const courseOf = async (to: IncidentId, { objects }: JoinPorts): Promise<Course | null> => {
  const course = await readCourse(objects, to)
  if (course || (await readIncident(objects, to))) return course
  throw new RollbackError('Incident.Opening', `Run "${to}" has the lease and is about to open its incident.`, {
    fix: 'Try again in a moment: then it can be joined.',
    category: 'busy',
  })
}

/**
 * A run takes one scenario of its path to the end. Another one that is asked for meanwhile is not begun in the middle of it, and not
 * after it without a look at what it has done: people hear of it at once, and the report asks for it.
 */
const leaveScenario = async (joiner: Joiner, to: IncidentId, taken: Route, ports: JoinPorts): Promise<string> => {
  const { request, plan } = joiner
  const asked = printRoute(request)
  const next = `Run "${to}" takes the path ${printRoute(taken)}, which is not ${asked}, and the flags are at their safe values. When it has ended, look whether that is still wanted, and start plan "${plan.name}" with the path ${asked} by hand.`
  await leaveOpen({ incident: to }, { what: asked, text: next, at: ports.clock.now().toISOString() }, ports.objects)
  await tell(tellerOf(joiner, to), 'held-back', { ...valuesOf(joiner), next }, ports, asked)
  return `joined run "${to}", which takes the path ${printRoute(taken)}: ${asked} is left to people`
}

/**
 * Joins the run that goes on: the request is in its record, and a path that is worse than the one it takes is demanded of
 * it. Throws `Incident.Opening` and `Incident.Ending` for what is over in a moment. Resolves to one line for people.
 */
export const joinRun = async (joiner: Joiner, to: IncidentId, ports: JoinPorts): Promise<string> => {
  const { request, incident, plan } = joiner
  await record(joiner, to, 'running', ports)
  const joined = `joined run "${to}"`
  if (request.drill) return joined
  const course = await courseOf(to, ports)
  if (!course) return joined
  if (!canEscalate(course.path)) {
    if (!request.signal || !canEscalate(request.path)) return joined
    const detail = `${joined}: a ${course.path} is never escalated by an alarm`
    if ((await holdBack(to, incident, ports))?.heldBack !== incident) return detail
    const next = `The ${course.path} path goes on; the flags are at their safe values. Watch it, and decide what comes after it.`
    await tellOnce(joiner, to, 'held-back', { since: '', next }, ports)
    return detail
  }
  const heading = course.demand ?? course
  if (isOtherScenario(request, heading)) {
    if (!course.open) throw ending(to)
    return leaveScenario(joiner, to, heading, ports)
  }
  const mine = (demand: Pick<Demand, 'by'> | null) => demand?.by === incident
  // Asked again after it was killed: what it has demanded may be taken by now.
  const before = course.escalations.find(mine)
  if (!before && !isWorse(request.path, course.path)) return joined
  if (!before && !mine(course.demand)) {
    const refusal = await admitDemand({ request, plan, execution: incident, joined: to }, ports)
    if (refusal) {
      await recordRefusal(joiner, refusal, ports)
      return `${joined}: ${refusal.detail}`
    }
  }
  const at = ports.clock.now().toISOString()
  const { path, scenario, reason, signal = null, decided = null } = request
  const demand = { path, scenario, by: incident, at, reason, signal, decided }
  const after = before ? course : await demandPath(to, demand, ports)
  const taken = before ?? after?.escalations.find(mine) ?? (mine(after?.demand ?? null) ? after?.demand : null)
  if (!taken) {
    if (after && !after.open && isWorse(request.path, after.path)) throw ending(to)
    return joined
  }
  const next = `Run "${to}" goes on with the ${taken.path} path at its next safe point; where it waits for a person, with their decision.`
  // The wait first: a topic that does not answer must not keep the run from going on.
  if (mine(after?.demand ?? null)) await supersedeQuestion(to, { by: incident, reason: next }, ports)
  await tellOnce(joiner, to, 'worse', { since: taken.at, next }, ports)
  return `${joined}: demands the ${taken.path} path of it`
}

const ending = (to: IncidentId): RollbackError =>
  new RollbackError('Incident.Ending', `Run "${to}" is about to end, and takes nothing more upon itself.`, {
    fix: 'Try again in a moment: then this run has the lease to itself.',
    category: 'busy',
  })
