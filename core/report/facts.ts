import { counted, duration, moment, size } from '#core/report/figures.ts'
import type { Budget, RunReport } from '#core/report/model.ts'
import type { StateVisits } from '#core/report/visits.ts'
import { JOINED_WORDS, sentence, starter } from '#core/report/wording.ts'

const BUDGET_NAMES: Record<string, string> = {
  contained: 'Contained',
  total: 'Total time',
  lock: 'Longest wait for us',
}
export const budgetName = ({ name }: Budget): string => BUDGET_NAMES[name] ?? sentence(name).replace(/\.$/, '')

export const BUDGET_WORDS = { met: 'Met', missed: 'Missed', unknown: 'Not measured' } as const
export const budgetState = ({ met }: Budget): keyof typeof BUDGET_WORDS =>
  met === null ? 'unknown' : met ? 'met' : 'missed'

/** `4.2 s of 1 min`. */
export const budgetFigures = ({ actualMs, limitMs }: Budget): string =>
  actualMs === null ? `not measured, limit ${duration(limitMs)}` : `${duration(actualMs)} of ${duration(limitMs)}`

/** The budgets that a run did not keep: `Total time: 6 min of 5 min`. */
export const missedBudgets = ({ budgets }: Pick<RunReport, 'budgets'>): string[] =>
  budgets
    .filter((budget) => budgetState(budget) === 'missed')
    .map((budget) => `${budgetName(budget)}: ${budgetFigures(budget)}`)

/** The budgets of a run: `Contained: 0.4 s of 1 min, met; Total time: 4.2 s of 30 min, met`. */
export const budgetsInWords = ({ budgets }: Pick<RunReport, 'budgets'>): string =>
  budgets
    .map(
      (budget) => `${budgetName(budget)}: ${budgetFigures(budget)}, ${BUDGET_WORDS[budgetState(budget)].toLowerCase()}`,
    )
    .join('; ')

/** How long a state took, with its repetitions: `1.3 s · visited ×4 · retried ×2`. */
export const took = ({ status, ms, visits, retries }: StateVisits): string =>
  [
    status === 'running' && ms === 0 ? 'in progress' : duration(ms),
    ...(visits.length > 1 ? [`visited ×${visits.length}`] : []),
    ...(retries > 0 ? [`retried ×${retries}`] : []),
  ].join(' · ')

/** How a state failed, or failed before it succeeded; null when it never did. */
export const failure = ({ status, error }: StateVisits): string | null =>
  error === null ? null : `${status === 'failed' ? 'failed' : 'failed at first'}: ${error}`

/** `6 of 7 checks pass, 1 unknown`. */
export const checksInWords = ({ checks }: RunReport): string => {
  if (checks.length === 0) return 'no check ran'
  const of = (status: string) => checks.filter((check) => check.status === status).length
  const rest = [
    ...(of('fail') > 0 ? [`${of('fail')} failed`] : []),
    ...(of('unknown') > 0 ? [`${of('unknown')} unknown`] : []),
  ]
  return [`${of('pass')} of ${counted(checks.length, 'check')} passed`, ...rest].join(', ')
}

/** Rows and bytes of the snapshot: `196,608 rows, 671 MB`. */
export const snapshotInWords = (snapshot: NonNullable<RunReport['snapshot']>): string => {
  const sum = (of: 'rows' | 'bytes') => snapshot.tables.reduce((total, table) => total + table[of], 0)
  return `${counted(snapshot.tables.length, 'table')}, ${counted(sum('rows'), 'row')}, ${size(sum('bytes'))}`
}

/** What has become of the retired tables: a report of a restore names the retirement that it undid. */
export const retirementInWords = (report: RunReport): string | null => {
  const { path, outcome, retirement } = report
  if (!retirement) return null
  const since = `retired ${moment(retirement.retiredAt)}`
  if ((path === 'restore' || path === 'purge') && outcome === 'needs-human')
    return `${since}; the steps say how far this run came with them`
  if (path === 'restore' && outcome !== 'nothing-to-do') return `${since}; this run brought them back`
  if (path === 'purge' && outcome !== 'nothing-to-do') return `${since}; this run destroyed them, as approved`
  const until = retirement.purgeDue
    ? `purge due ${moment(retirement.purgeDue)}`
    : 'kept until somebody asks for the purge'
  return `out of reach since ${moment(retirement.retiredAt)}; ${until}`
}

/** How to move the tables back, while this run has left them where that works. */
export const undoOf = ({ path, retirement }: RunReport): { lead: string; command: string } | null =>
  retirement && path !== 'restore' && path !== 'purge'
    ? {
        lead: retirement.undo.startsWith('{') ? 'Undo: start the state machine with' : 'Undo:',
        command: retirement.undo,
      }
    : null

/** Everything that asked for a run of this incident, the first of all included; nothing when that was a person alone. */
export const signalRows = ({ signal, path, joined, escalations }: RunReport) => {
  const first = escalations[0]?.from ?? path
  const rows = joined.map((one) => ({
    at: one.signal?.at ?? one.at,
    signal: one.signal?.name ?? 'a person',
    severity: one.signal?.severity ?? '-',
    alarm: one.signal?.alarm ?? one.reason,
    path: one.path,
    what: escalations.some(({ by }) => by === one.incident) ? 'escalated this run' : JOINED_WORDS[one.why],
  }))
  const own = signal
    ? [{ ...signal, signal: signal.name, alarm: signal.alarm ?? '-', path: first, what: 'started this run' }]
    : []
  return [...own, ...rows]
}

/** What the run was: label and value, in the order of the page. */
export const facts = (report: RunReport): { label: string; value: string; code?: true }[] => [
  { label: 'Plan', value: report.plan },
  { label: 'Environment', value: `${report.environment}${report.drill ? ', a drill' : ''}` },
  { label: 'Started by', value: starter(report) },
  ...(report.signal
    ? [{ label: 'Signal', value: `${report.signal.name}, ${report.signal.severity}, ${moment(report.signal.at)}` }]
    : []),
  { label: 'Reason', value: report.reason },
  { label: 'Incident', value: report.incident, code: true },
  { label: 'Execution', value: report.execution, code: true },
  { label: 'Plan digest', value: report.planDigest, code: true },
]
