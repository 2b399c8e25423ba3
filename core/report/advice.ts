import type { Contained, Incident, StepEvent } from '#core/incident/incident.ts'
import type { Problem } from '#core/incident/problem.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { count, moment } from '#core/report/figures.ts'
import type { RunReport } from '#core/report/model.ts'
import type { ReplaceSubject } from '#core/restore/set-aside.ts'

const HOUR = 3_600_000

const startAgain = (plan: string, path: string, reason: string): string =>
  `\`${JSON.stringify({ plan, path, reason })}\` as the input of the state machine, or locally \`vector-rollback run ${plan} --path ${path} --local --confirm ${plan} --database-url … --state …\``

/** How a run ended, as the state machine hands it on: what stopped it, and whether the flags were set on again. */
export interface Ending {
  readonly problem: Problem | null
  readonly reEnabled: boolean
  /** Containment that waited for an answer; `null` or absent when it came first, and is in the record of the run. */
  readonly contained?: Contained | null | undefined
}

/** What to do about a problem in general; an error of ours says in its cause what to do about itself. */
const fixOf = ({ error }: Problem): string =>
  error?.startsWith('Approval.')
    ? 'Have the people whom the plan names approve, then start the same path again.'
    : 'See the cause; mend it, then start the same path again: every step is safe to repeat.'

/** What became of the rows that stood where a snapshot was to be put. */
const keptAside = ({ rows, written, snapshot, tables }: ReplaceSubject, events: readonly StepEvent[]): string => {
  const done = (kind: string) => events.some((event) => event.kind === kind && !event.error)
  const where = [...new Set(tables.map(({ retirement }) => `"${retirement}"`))].join(', ')
  const what = `${count(rows)} rows that stood there, ${count(written)} of them not in snapshot "${snapshot}",`
  if (done('swap-in')) return `${what} are kept as retirement ${where}.`
  return done('put-back') ? `${what} were moved back.` : `${what} are set aside as retirement ${where}.`
}

const loss = (
  snapshot: RunReport['snapshot'],
  events: readonly StepEvent[],
  replaced: ReplaceSubject | null,
): string => {
  const purged = events.some(({ kind, changed }) => kind === 'purge' && changed)
  if (!purged) return ['No data was lost.', ...(replaced ? [keptAside(replaced, events)] : [])].join(' ')
  const rows = snapshot?.tables.reduce((sum, table) => sum + table.rows, 0) ?? 0
  return `${count(rows)} rows were destroyed in the database on the approval below; snapshot ${snapshot?.id ?? 'unknown'} holds all of them.`
}

/** Re-enabling ends by switching off again, unless that failed, or the plan is another run's now. */
const mayBeOn = ({ state, error }: Problem): boolean =>
  state === 'Switch off again' || (state === 'Re-enable' && error === 'Lease.Lost')

const next = (
  run: Run,
  plan: Plan,
  outcome: RunReport['outcome'],
  retirement: RunReport['retirement'],
  { problem, reEnabled, contained }: Ending,
): string[] => {
  if (problem)
    return [
      contained === null
        ? `The system is not contained: nothing was changed without an answer. Contain it: ${startAgain(plan.name, 'flag', 'contain')}.`
        : reEnabled || mayBeOn(problem)
          ? `The system is not contained: its flags were being set on again. Contain it: ${startAgain(plan.name, 'flag', 'contain')}.`
          : 'The system is contained: the flags are at their safe values.',
      `Go on: ${startAgain(plan.name, run.path, 'retry')}.`,
      ...(run.path === 'full' || run.path === 'purge'
        ? [`Or go back: ${startAgain(plan.name, 'restore', 'back')}.`]
        : []),
    ]
  if (outcome === 'nothing-to-do') return ['Nothing.']
  if (run.path === 'restore')
    return ['Watch the system; re-enable the feature when its gates are attested, unless that was done here.']
  return [
    `Go back when the cause is mended: ${startAgain(plan.name, 'restore', 'cause mended')}.`,
    ...(run.path === 'full' && retirement?.purgeDue
      ? [
          `The retired tables may be purged from ${moment(retirement.purgeDue)} on, after approval: ${startAgain(plan.name, 'purge', 'retention is over')}.`,
        ]
      : []),
  ]
}

/** The role, where the plan has somebody for it; else the first of its contacts. */
const roleIn = (plan: Plan, role: string): string =>
  plan.contacts[role] === undefined ? (Object.keys(plan.contacts)[0] ?? role) : role

const followUps = (run: Run, plan: Plan, incident: Incident, outcome: RunReport['outcome']): RunReport['followUps'] => {
  if (run.drill || outcome === 'nothing-to-do') return []
  const after = (hours: number) => new Date(Date.parse(incident.startedAt) + hours * HOUR).toISOString()
  const own = plan.report.followUps
  if (own)
    return own.map(({ do: text, role, within }) => ({
      ...{ text, role },
      due: within === undefined ? null : new Date(Date.parse(incident.startedAt) + within).toISOString(),
    }))
  const onCall = roleIn(plan, 'on-call')
  return [
    { text: 'Begin the analysis of the root cause', role: onCall, due: after(1) },
    { text: 'Document trigger, root cause and action items in the incident review', role: onCall, due: after(24) },
    {
      text: 'Add a test for the failure, better monitoring, and what this rollback taught to the plan',
      role: roleIn(plan, 'team-lead'),
      due: null,
    },
  ]
}

/** What the report says to people: what was lost, what to do now, and what to do later. */
export const advice = { fixOf, loss, next, followUps }
