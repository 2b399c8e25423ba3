import { z } from 'zod'
import { PURPOSES, readAnswers, readRequest, tally } from '#core/approval/approval.ts'
import { readEvents, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { findLease, type Lease } from '#core/incident/lease.ts'
import { valuesOfIncident, valuesOfProgress } from '#core/incident/message-values.ts'
import { Problem } from '#core/incident/problem.ts'
import type { Teller } from '#core/incident/tell.ts'
import { readAllJson } from '#core/json.ts'
import { type IncidentId, PATHS, type PlanName } from '#core/names.ts'
import { HUMAN_WITHIN_MS } from '#core/notice/choices.ts'
import { type Told, unreadablePlan } from '#core/notice/occasion.ts'
import { type HumanRecord, type OpenQuestion, type Wait, waitsOf } from '#core/notice/waits.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Plans } from '#core/plan/plans.ts'
import type { Clock, Executions, Objects } from '#core/ports.ts'
import { readReEnabling } from '#core/re-enable/record.ts'

interface LookPorts {
  readonly objects: Objects
  readonly executions: Executions
  readonly plans: Plans
  readonly clock: Clock
  readonly environment: string
}

/** An incident that is not over, as its records have it. */
export interface OpenRun {
  readonly about: Teller
  readonly plan: Told & Pick<Plan, 'escalation'>
  readonly waits: readonly Wait[]
  /** When it began. Milliseconds since 1970. */
  readonly begin: number
  readonly known: Values
  /** Whether its execution runs. */
  readonly alive: boolean
  /** The step of a ramp that it has begun, in percent; `null` when it has enabled nothing. */
  readonly rampedTo: number | null
  /** Whether the lease was given back meanwhile: then it has ended as it should. */
  readonly released: boolean
}

const Human = z.looseObject({ at: z.string(), problem: Problem })

const readHumans = async (objects: Objects, id: IncidentId): Promise<HumanRecord[]> =>
  (await readAllJson(objects, keys.human(id))).flatMap(({ value }) => {
    const record = Human.safeParse(value).data
    return record ? [{ at: record.at, error: `${record.problem.state}: ${record.problem.error}` }] : []
  })

const readQuestions = async (objects: Objects, id: IncidentId): Promise<OpenQuestion[]> => {
  const questions = await Promise.all(
    PURPOSES.map(async (purpose) => {
      const request = await readRequest(objects, id, purpose)
      // Superseded: a worse path has taken the run elsewhere.
      const open = request && !request.superseded && tally(request, await readAnswers(objects, id, purpose)) === 'open'
      return request && open ? [request] : []
    }),
  )
  return questions.flat()
}

const Joined = z.looseObject({ request: z.looseObject({ signal: z.looseObject({ name: z.string() }).optional() }) })

/** What has joined a run since it began, for the updates. */
const readJoined = async (objects: Objects, id: IncidentId): Promise<string[]> => {
  const joined = await readAllJson(objects, keys.joined(id))
  return [...new Set(joined.map(({ value }) => Joined.safeParse(value).data?.request.signal?.name ?? 'a person'))]
}

const planOf = async (plans: Plans, name: string): Promise<OpenRun['plan']> =>
  plans.load(name).catch(() => ({ ...unreadablePlan(name), escalation: [] }))

/** Looked at after the execution: one that has ended as it should gave the lease back before, or another one has it. */
const wasReleased = async (objects: Objects, { plan, incident }: Lease): Promise<boolean> => {
  const now = await findLease(objects, plan as PlanName)
  return now === null || now.released || now.incident !== incident
}

const ofLease = async (
  lease: Lease,
  { objects, executions, plans, clock, environment }: LookPorts,
): Promise<OpenRun> => {
  const id = lease.incident as IncidentId
  const [incident, events, humans, questions, joined, ramp, status] = await Promise.all([
    readIncident(objects, id),
    readEvents(objects, id),
    readHumans(objects, id),
    readQuestions(objects, id),
    readJoined(objects, id),
    readReEnabling(objects, id),
    executions.status(lease.execution),
  ])
  const alive = status === 'running'
  const plan = await planOf(plans, lease.plan)
  const full = incident && (await plans.load(lease.plan).catch(() => null))
  const known = full && incident ? valuesOfIncident(full, incident) : {}
  const path = incident?.path ?? null
  const records = {
    incident: id,
    environment,
    questions,
    humans,
    steps: events.map(({ startedAt }) => startedAt),
    dueAt: known.eta ?? null,
  }
  const more = joined.length > 0 ? `; joined since by ${joined.join(', ')}` : ''
  const last = events.at(-1)
  return {
    about: { plan: lease.plan, incident: id, path, drill: incident?.drill ?? false, execution: lease.execution },
    plan,
    waits: alive ? waitsOf(records, clock.now().getTime()) : [],
    begin: Date.parse(incident?.startedAt ?? lease.claimedAt),
    known: {
      ...known,
      ...valuesOfProgress(incident, events),
      status: `${last ? `${last.kind}: ${last.detail}` : 'just begun'}${more}`,
    },
    alive,
    rampedTo: ramp?.record.percent ?? null,
    released: !alive && (await wasReleased(objects, lease)),
  }
}

/** Written by *Needs a human* for a run that has neither lease nor incident. */
export const Unopened = z.looseObject({
  plan: z.string(),
  incident: z.string(),
  path: z.enum(PATHS).nullable(),
  drill: z.boolean(),
  execution: z.string(),
  at: z.string(),
  problem: Problem,
})

const ofUnopened = async (record: z.infer<typeof Unopened>, ports: LookPorts): Promise<OpenRun | null> => {
  const { objects, executions, plans, clock, environment } = ports
  const id = record.incident as IncidentId
  const since = Date.parse(record.at)
  const now = clock.now().getTime()
  // Whatever became of it, its state machine does not wait any more; old records cost nothing to pass by.
  if (now >= since + HUMAN_WITHIN_MS) return null
  const opened = await readIncident(objects, id)
  if (opened || (await executions.status(record.execution)) !== 'running') return null
  const humans = await readHumans(objects, id)
  return {
    about: { ...record, incident: id },
    plan: await planOf(plans, record.plan),
    waits: waitsOf({ incident: id, environment, questions: [], humans, steps: [], dueAt: null }, now),
    begin: since,
    known: { error: `${record.problem.error}: ${Problem.text(record.problem)}`, status: 'it could not begin' },
    alive: true,
    rampedTo: null,
    released: false,
  }
}

/**
 * Every run that is not over: those that hold a lease, and those that wait for a person without having come to one. One by
 * one, so that records that cannot be read hide no other run.
 */
export const openRuns = async (ports: LookPorts): Promise<Promise<OpenRun | null>[]> => {
  const names = await ports.plans.names()
  const unopened = await readAllJson(ports.objects, keys.allUnopened)
  return [
    ...names.map(async (name) => {
      const lease = await findLease(ports.objects, name as PlanName)
      return lease === null || lease.released ? null : ofLease(lease, ports)
    }),
    ...unopened.map(async ({ value }) => ofUnopened(Unopened.parse(value), ports)),
  ]
}
