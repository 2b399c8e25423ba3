import { z } from 'zod'
import { asksFirst } from '#core/decide/ask.ts'
import { rowOf } from '#core/decide/decide.ts'
import { goesOnToFull } from '#core/decide/goes-on.ts'
import { RollbackError } from '#core/errors.ts'
import { admit } from '#core/incident/admission.ts'
import { isCounted, recordRun } from '#core/incident/breaker.ts'
import { openCourse } from '#core/incident/course.ts'
import { Contained, type Incident } from '#core/incident/incident.ts'
import { type Joiner, joinRun, recordRefusal, tellOfJoining } from '#core/incident/join.ts'
import { keys } from '#core/incident/keys.ts'
import { claimLease } from '#core/incident/lease.ts'
import { type Decided, Execution, Request, type Signal } from '#core/incident/request.ts'
import type { Run, Starter } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, Path, PlanName } from '#core/names.ts'
import { type Autonomy, lowest } from '#core/plan/autonomy.ts'
import type { Plan } from '#core/plan/load.ts'
import { machineSteps, stepsAfterwards } from '#core/plan/machine-steps.ts'
import { requireScenario } from '#core/plan/work-of.ts'
import { purgesUnasked } from '#core/purge/unasked.ts'
import { defineStep, type Ports } from '#core/steps/define-step.ts'
import { delivers } from '#core/workloads/deliver.ts'

const hasPath = (plan: Plan, path: Path): boolean =>
  path === 'purge' ? plan.paths.full !== undefined : plan.paths[path] !== undefined

interface Start {
  readonly path: Path
  readonly signal: Signal | null
  readonly decided: Decided | null
}

/** How far a run may go by itself. Who starts a path by hand has decided; an alarm goes as far as it may here and now. */
const rungOf = ({ signal, decided }: Start, environment: Autonomy): Autonomy =>
  signal === null ? 'act' : lowest(environment, decided?.autonomy ?? environment)

const asks = (plan: Plan, start: Start, rung: Autonomy): boolean => {
  const { path, signal, decided } = start
  if (signal === null) return false
  return asksFirst(
    { path, approve: decided?.approve ?? rowOf(plan, signal.name, signal.severity)?.approve ?? [] },
    rung,
  )
}

/** What the state machine needs of the plan: numbers and lists, no decisions. */
export const settingsOf = async (
  plan: Plan,
  start: Start,
  here: Pick<Ports, 'autonomy' | 'disposable' | 'objects' | 'clock'>,
) => ({
  concurrency: plan.snapshot.concurrency,
  delivers: delivers(plan),
  askFirst: asks(plan, start, rungOf(start, here.autonomy)),
  approvalSeconds: seconds(plan.approval.within),
  purgeApprovalSeconds: seconds(plan.paths.full?.purge.within ?? plan.approval.within),
  purgeNow: start.path === 'full' && plan.paths.full?.purge.after === 0,
  purgeUnasked: purgesUnasked(plan, here.disposable),
  escalate: await goesOnToFull(plan, { byAlarm: start.signal !== null, rung: rungOf(start, here.autonomy) }, here),
  fullSteps: machineSteps(plan, { path: 'full' }),
  afterwards: stepsAfterwards(plan),
})

/** The state machine counts in whole seconds, one at least. */
const seconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1000))

/** What another path would pass over without a word. */
const requireOwnOptions = (request: Request): void => {
  if (request.path === 'restore' || (request.snapshot === undefined && request['accept-drift'] === undefined)) return
  throw new RollbackError('Request.RestoreOnly', `The path "${request.path}" takes no snapshot and accepts no drift.`, {
    fix: 'Give "snapshot" and "accept-drift" with the path restore only.',
    category: 'usage',
  })
}

/** What an execution is told that gets no run of its own. */
const notOurs = (detail: string, joined: string | null, held: 'running' | 'cooldown' | 'breaker') => ({
  ...{ changed: false, detail, joined, held, run: null, steps: [], settings: null },
})

/** A signal is nobody; a local run knows who started it; of a start from the console AWS does not tell. */
const starterOf = (request: Request, starter: string | null): Starter => {
  if (request.signal) return { kind: 'alarm', identity: null }
  return starter === null
    ? { kind: 'unknown', identity: request.startedBy ?? null }
    : { kind: 'person', identity: starter }
}

export const openIncident = defineStep({
  kind: 'open-incident',
  purpose:
    'Claims the lease of the plan and opens the record of the run, or joins the run that holds it or has just ended.',
  event: z.strictObject({
    request: Request,
    contained: Contained.nullable(),
    execution: Execution.extend({ startedAt: z.string() }),
  }),
  needs: ['objects', 'executions', 'notifier', 'plans', 'clock', 'environment', 'starter', 'autonomy', 'disposable'],
  run: async ({ request, contained, execution }, ports) => {
    const plan = await ports.plans.load(request.plan)
    const { path, scenario } = request
    if (!hasPath(plan, path))
      throw new RollbackError('Plan.NoSuchPath', `Plan "${plan.name}" has no path "${path}".`, {
        fix: `Choose one of ${Object.keys(plan.paths).join(', ')}.`,
        category: 'usage',
      })
    requireOwnOptions(request)
    requireScenario(plan, request)
    const incident = execution.name as IncidentId
    const claim = await claimLease(
      { plan: plan.name as PlanName, incident, execution: execution.id },
      ports,
      (previous) => admit(request, plan, incident, previous, ports),
    )
    const openedAt = ports.clock.now().toISOString()
    if (!claim.held) {
      const joiner: Joiner = { incident, request, plan }
      if (claim.by) {
        const joined = claim.by.incident as IncidentId
        const detail = await joinRun(joiner, joined, ports)
        await tellOfJoining(joiner, joined, detail, ports)
        return notOurs(detail, joined, 'running')
      }
      const { refusal } = claim
      await recordRefusal(joiner, refusal, ports)
      if (refusal.joined) await tellOfJoining(joiner, refusal.joined as IncidentId, refusal.detail, ports)
      return notOurs(refusal.detail, refusal.joined, refusal.why)
    }
    const signal = request.signal ?? null
    const decided = request.decided ?? null
    // Before the record: whoever joins a run that has one finds its course.
    const course = await openCourse(incident, { path, scenario, signal, decided }, ports)
    if (signal && !request.drill && isCounted(path))
      await recordRun(ports.objects, { plan: plan.name, incident, path }, execution.startedAt)
    const run: Run = {
      plan: plan.name as PlanName,
      planDigest: plan.digest,
      incident,
      execution: execution.id,
      epoch: claim.lease.epoch,
      path,
      scenario,
      drill: request.drill ?? false,
      startedBy: starterOf(request, ports.starter),
    }
    const record: Incident = {
      incident,
      plan: plan.name,
      planDigest: plan.digest,
      path,
      scenario,
      reason: request.reason,
      signal,
      decided,
      drill: run.drill,
      snapshot: request.snapshot ?? null,
      environment: ports.environment,
      execution: execution.id,
      epoch: run.epoch,
      startedAt: execution.startedAt,
      ...(run.startedBy ? { startedBy: run.startedBy } : {}),
      openedAt,
      contained,
      tookOver: claim.tookOver?.incident ?? null,
    }
    // Write-once: a retry by a person opens the same incident again, and its beginning stays what it was.
    const written = await writeJson(ports.objects, keys.incident(incident), record, { ifAbsent: true })
    const from = claim.tookOver ? `, taken over from "${claim.tookOver.incident}"` : ''
    return {
      changed: written !== null,
      detail: `incident "${incident}", epoch ${run.epoch}${from}`,
      joined: null,
      held: null,
      run,
      steps: machineSteps(plan, request),
      settings: {
        ...(await settingsOf(plan, { path, signal: course?.signal ?? null, decided: course?.decided ?? null }, ports)),
        // Whatever an alarm has started or taken further, it never switches anything on; also not when a person goes on.
        reEnable: plan.paths.restore !== undefined && signal === null && (course?.signal ?? null) === null,
        watch: request.watch ?? true,
        restore: { snapshot: request.snapshot ?? null, acceptDrift: request['accept-drift'] ?? false },
      },
    }
  },
})
