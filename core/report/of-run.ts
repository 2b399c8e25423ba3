import { PURPOSES, readAnswers } from '#core/approval/approval.ts'
import { Evidence } from '#core/evidence/preserve.ts'
import { readCourse } from '#core/incident/course.ts'
import { type Incident, readEvents, readIncident, type StepEvent } from '#core/incident/incident.ts'
import { readJoined } from '#core/incident/joined.ts'
import { keys } from '#core/incident/keys.ts'
import { numberOf } from '#core/incident/number.ts'
import { Problem } from '#core/incident/problem.ts'
import type { Run } from '#core/incident/run.ts'
import { readMessages } from '#core/incident/tell.ts'
import { readJson } from '#core/json.ts'
import type { Plan } from '#core/plan/load.ts'
import { budgetOf } from '#core/plan/work-of.ts'
import type { Clock, Executions, Objects, VisitedState } from '#core/ports.ts'
import { advice, type Ending } from '#core/report/advice.ts'
import { printAffected, readAffected } from '#core/report/affected.ts'
import { kept } from '#core/report/kept.ts'
import { leftOpen } from '#core/report/left-open.ts'
import type { RunReport } from '#core/report/model.ts'
import { joinedInWords, OUTCOME_WORDS } from '#core/report/wording.ts'
import { ReplaceSubject } from '#core/restore/set-aside.ts'
import { newestChecks, readLooks } from '#core/verify/look.ts'

interface ReportPorts {
  readonly objects: Objects
  readonly executions: Executions
  readonly clock: Clock
  readonly environment: string
}

const outcomeOf = (run: Run, problem: Problem | null, events: readonly StepEvent[]): RunReport['outcome'] => {
  if (problem) return 'needs-human'
  if (run.path === 'purge' && !events.some(({ kind }) => kind === 'purge')) return 'nothing-to-do'
  if (run.drill) return 'drill-passed'
  return run.path === 'restore' ? 'restored' : 'rolled-back'
}

const readEvidence = async (objects: Objects, run: Run): Promise<Evidence[]> => {
  const found = await readJson(objects, `${keys.seen(run.incident)}index.json`)
  return found ? Evidence.array().parse(found.value) : []
}

const readApprovals = async (objects: Objects, run: Run): Promise<RunReport['approvals']> =>
  (await Promise.all(PURPOSES.map((purpose) => readAnswers(objects, run.incident, purpose))))
    .flat()
    .map(({ purpose, role, name, at, decision, digest }) => ({ purpose, role, name, at, decision, digest }))

const readReplaced = async (objects: Objects, run: Run): Promise<ReplaceSubject | null> => {
  const found = run.path === 'restore' ? await readJson(objects, keys.replaced(run.incident)) : null
  return found && ReplaceSubject.parse(found.value)
}

const came = async (objects: Objects, run: Run): Promise<Pick<RunReport, 'joined' | 'escalations'>> => ({
  joined: (await readJoined(objects, run.incident)).map(({ at, incident, why, request: { path, reason, signal } }) => ({
    ...{ at, incident, why, path, reason },
    signal: signal ? { name: signal.name, severity: signal.severity, alarm: signal.alarm, at: signal.at } : null,
  })),
  escalations: ((await readCourse(objects, run.incident))?.escalations ?? []).map(({ at, from, path, by, reason }) => ({
    ...{ at, from, to: path, by, reason },
  })),
})

const seconds = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)

/** An alarm counts from the moment that it went off, a person from the start of the execution. */
const beginOf = (incident: Incident): string => incident.signal?.at ?? incident.startedAt

/** When the path that the run is on took the place of another; a run that stays on its own has no such moment. */
const takenAt = (events: readonly StepEvent[]): string =>
  events.findLast(({ kind, error }) => kind === 'safe-point' && !error)?.startedAt ?? ''

const timelineOf = (
  incident: Incident,
  parts: Pick<RunReport, 'steps' | 'approvals' | 'notifications' | 'problem' | 'joined' | 'escalations'>,
  end: Pick<RunReport, 'outcome'> & { at: string },
): RunReport['timeline'] =>
  [
    ...(incident.signal
      ? [
          {
            at: incident.signal.at,
            kind: 'signal' as const,
            text: `${incident.signal.alarm}: ${incident.signal.reason}`,
          },
        ]
      : []),
    { at: incident.startedAt, kind: 'signal' as const, text: `Started: ${incident.reason}` },
    ...parts.joined.map((joined) => ({ at: joined.at, kind: 'signal' as const, text: joinedInWords(joined) })),
    ...parts.escalations.map(({ at, from, to, by, reason }) => ({
      at,
      kind: 'signal' as const,
      text: `Escalated from ${from} to ${to} by ${by}: ${reason}`,
    })),
    ...(incident.contained
      ? [{ at: incident.contained.at, kind: 'contain' as const, text: incident.contained.detail }]
      : []),
    ...parts.steps.map(({ startedAt, kind, detail }) => ({
      at: startedAt,
      kind:
        kind === 'preserve-evidence'
          ? ('evidence' as const)
          : kind === 'verify' || kind === 'watch'
            ? ('check' as const)
            : ('step' as const),
      text: `${kind}: ${detail}`,
    })),
    ...parts.approvals.map(({ at, role, name, decision, purpose }) => ({
      at,
      kind: 'approval' as const,
      text: `${name} (${role}) ${decision} the ${purpose}`,
    })),
    ...parts.notifications.map(({ at, subject, delivered }) => ({
      at,
      kind: 'notice' as const,
      text: delivered ? subject : `Not delivered: ${subject}`,
    })),
    ...(parts.problem
      ? [
          {
            at: end.at,
            kind: 'problem' as const,
            text: `${parts.problem.state}: ${parts.problem.error}: ${parts.problem.cause}`,
          },
        ]
      : []),
    { at: end.at, kind: 'end' as const, text: OUTCOME_WORDS[end.outcome] },
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))

/**
 * All that is known about a run, from the bucket and the history of the execution; the database is not asked, so that a
 * report is had also when it is down. Written before the execution ends: its last states are still `running` in it.
 */
export const reportOfRun = async (
  run: Run,
  plan: Plan,
  ending: Ending,
  { objects, executions, clock, environment }: ReportPorts,
): Promise<RunReport> => {
  const { problem } = ending
  const record = await readIncident(objects, run.incident)
  if (!record) throw new TypeError(`run "${run.incident}" was opened, so its record is there`)
  const incident = { ...record, contained: record.contained ?? ending.contained ?? null }
  const createdAt = clock.now().toISOString()
  const looks = await readLooks(objects, run.incident)
  const [states, events, checks, approvals, evidence, messages, newest, replaced, others, affected, left] =
    await Promise.all([
      executions.history(run.execution).catch((): VisitedState[] => []),
      readEvents(objects, run.incident),
      newestChecks(objects, run.incident, looks),
      readApprovals(objects, run),
      readEvidence(objects, run),
      readMessages(objects, run.incident),
      kept(objects, run, plan, { environment, asked: incident.snapshot ?? null }),
      readReplaced(objects, run),
      came(objects, run),
      readAffected(objects, run.incident, plan),
      leftOpen(objects, run),
    ])
  const outcome = outcomeOf(run, problem, events)
  // A full rollback that did not come to retire anything has nothing to undo, whatever an earlier one has retired.
  const retired = run.path !== 'full' || events.some(({ kind, error }) => kind === 'retire' && !error)
  const { retirement, snapshot } = retired ? newest : { retirement: null, snapshot: null }
  const begin = beginOf(incident)
  const contained = incident.contained ? seconds(begin, incident.contained.at) : null
  const total = seconds(begin, createdAt)
  // Watching what was done is not part of doing it; a worse path has its time from the moment that it was demanded.
  const demanded = others.escalations.at(-1)?.at ?? begin
  const watched = events.find(({ kind, startedAt }) => kind === 'watch' && startedAt > takenAt(events))?.startedAt
  const worked = seconds(demanded, watched ?? createdAt)
  const limit = budgetOf(plan, run)
  const steps = [
    ...(incident.contained
      ? [
          {
            kind: 'contain',
            startedAt: incident.startedAt,
            changed: incident.contained.changed,
            ms: Math.max(0, Date.parse(incident.contained.at) - Date.parse(incident.startedAt)),
            detail: incident.contained.detail,
          },
        ]
      : []),
    ...events.map(({ kind, startedAt, ms, changed, detail }) => ({ kind, startedAt, ms, changed, detail })),
  ]
  const told = problem && {
    state: problem.state,
    error: problem.error ?? 'no name',
    cause: Problem.text(problem),
    fix: advice.fixOf(problem),
  }
  const notifications = messages.map(({ event, subject, delivered, detail, at }) => ({
    event,
    subject: delivered ? subject : `${subject || event} (${detail})`,
    delivered,
    at,
  }))
  return {
    version: 1,
    outcome,
    plan: plan.name,
    planTitle: plan.title,
    planDigest: plan.digest,
    path: run.path,
    ...(run.scenario === undefined ? {} : { scenario: run.scenario }),
    incident: run.incident,
    execution: run.execution,
    environment,
    drill: run.drill,
    reason: incident.reason,
    number: numberOf(plan, incident),
    symptoms: incident.signal?.reason ?? null,
    inService: events.findLast(({ kind, error }) => kind === 'previous-version' && !error)?.detail ?? null,
    impact: {
      users: plan.impact.users ?? null,
      services: plan.impact.services,
      workaround: plan.impact.workaround ?? null,
      affected: affected && printAffected(affected),
    },
    startedBy: incident.signal
      ? { kind: 'alarm', detail: incident.signal.alarm }
      : { kind: run.drill ? 'drill' : 'person', detail: run.drill ? 'a drill' : 'a person; AWS does not tell who' },
    signal: incident.signal && {
      name: incident.signal.name,
      severity: incident.signal.severity,
      alarm: incident.signal.alarm,
      at: incident.signal.at,
    },
    ...others,
    states: [...states],
    steps,
    checks,
    watch: looks.map(({ at, after, tier, status, detail }) => ({ at, after, tier, status, detail })),
    snapshot,
    retirement,
    approvals,
    evidence,
    notifications,
    problem: told,
    budgets: [
      {
        name: 'contained',
        limitMs: plan.paths.flag.budget,
        actualMs: contained === null ? null : contained * 1000,
        met: contained === null ? null : contained * 1000 <= plan.paths.flag.budget,
      },
      ...(limit === null
        ? []
        : [{ name: 'total', limitMs: limit, actualMs: worked * 1000, met: worked * 1000 <= limit }]),
    ],
    timeline: timelineOf(
      incident,
      { steps: steps.filter(({ kind }) => kind !== 'contain'), approvals, notifications, problem: told, ...others },
      { at: createdAt, outcome },
    ),
    seconds: { contained, total },
    loss: advice.loss(snapshot, events, replaced),
    next: [...advice.next(run, plan, outcome, retirement, { ...ending, contained: incident.contained }), ...left],
    contacts: Object.entries(plan.contacts).map(([role, { name, reach }]) => ({ role, name, reach: reach.join(', ') })),
    followUps: advice.followUps(run, plan, incident, outcome),
    createdAt,
  }
}
