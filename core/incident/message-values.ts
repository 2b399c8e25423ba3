import type { Incident, StepEvent } from '#core/incident/incident.ts'
import { numberOf } from '#core/incident/number.ts'
import { printTable } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Values } from '#core/plan/placeholders.ts'
import { budgetOf, printRoute } from '#core/plan/work-of.ts'
import { signalRows } from '#core/report/facts.ts'
import { counted, duration, size } from '#core/report/figures.ts'
import type { RunReport } from '#core/report/model.ts'

const within = (startedAt: string, budget: number): Values => {
  const end = new Date(Date.parse(startedAt) + budget).toISOString()
  return { deadline: end, eta: end }
}

/** Lines of a long run that a message can bear. */
const LINES = 12

const actionsOf = (all: readonly string[]): Values => {
  const left = all.length - LINES
  const shown = left > 0 ? [`(${left} earlier ones)`, ...all.slice(-LINES)] : all
  return shown.length > 0 ? { actions: shown.map((line) => `- ${line}`).join('\n') } : {}
}

/** What was done until now, and what came last. */
export const valuesOfProgress = (incident: Incident | null, events: readonly StepEvent[]): Values => {
  const done = events.filter(({ changed, error }) => changed && !error).map(({ kind, detail }) => `${kind}: ${detail}`)
  const last = events.at(-1)
  return {
    ...actionsOf([...(incident?.contained ? [`contain: ${incident.contained.detail}`] : []), ...done]),
    ...(last ? { phase: last.kind } : {}),
  }
}

/** One signal in a line for people. */
export const printSignal = ({
  name,
  severity,
  alarm,
  at,
}: Record<'name' | 'severity' | 'alarm' | 'at', string>): string => `${name} (${severity}, ${alarm}, ${at})`

/** What a message can say from the beginning of a run on. */
export const valuesOfIncident = (plan: Plan, incident: Incident): Values => {
  const budget = budgetOf(plan, incident)
  const proposed = incident.decided?.autonomy === 'propose'
  return {
    reason: incident.reason,
    signal: incident.signal?.name ?? 'a person',
    ...(incident.signal ? { signals: printSignal(incident.signal) } : {}),
    severity: incident.signal?.severity ?? '-',
    started: incident.startedAt,
    number: numberOf(plan, incident) ?? incident.incident,
    symptoms: incident.signal?.reason ?? incident.reason,
    detection: incident.signal ? `alarm ${incident.signal.alarm}` : 'a person',
    detected: incident.signal?.at ?? incident.startedAt,
    ...(incident.scenario ? { path: printRoute(incident) } : {}),
    flags:
      incident.contained?.detail ??
      (proposed ? 'not switched: they wait for an answer' : 'not known to be at their safe values'),
    tables: (plan.paths.full?.retire ?? plan.protects.tables).map(printTable).join(', '),
    ...(budget === null ? {} : within(incident.startedAt, budget)),
  }
}

/** What SNS takes has a limit; the report has all of them. */
const MANY = 100

const several = (texts: readonly string[]): string =>
  [...texts.slice(0, MANY), ...(texts.length > MANY ? [`and ${texts.length - MANY} more`] : [])].join('; ')

/** What a message can say of a run that has ended. */
export const valuesOfReport = (report: RunReport): Values => {
  const signals = signalRows(report)
  const tables = report.snapshot?.tables ?? []
  const failed = report.checks.filter(({ status }) => status !== 'pass').map(({ name, status }) => `${name} ${status}`)
  const done = report.steps.filter(({ changed }) => changed).map(({ kind, detail }) => `${kind}: ${detail}`)
  return {
    ...actionsOf(done),
    duration: duration(report.seconds.total * 1000),
    minutes: String(Math.ceil(report.seconds.total / 60)),
    ended: report.createdAt,
    outcome: report.outcome,
    loss: report.loss,
    ...(report.inService === null ? {} : { version: report.inService }),
    ...(report.impact.affected === null ? {} : { 'users-affected': report.impact.affected }),
    checks: failed.length > 0 ? failed.join(', ') : `${counted(report.checks.length, 'check')} passed`,
    rows: String(tables.reduce((sum, { rows }) => sum + rows, 0)),
    bytes: size(tables.reduce((sum, { bytes }) => sum + bytes, 0)),
    snapshot: report.snapshot?.id ?? 'none',
    ...(signals.length > 0
      ? {
          signals: several(
            signals.map(({ signal, severity, alarm, at }) => printSignal({ name: signal, severity, alarm, at })),
          ),
        }
      : {}),
    next: report.next.join(' ').replaceAll('`', ''),
    ...(report.problem ? { error: `${report.problem.error}: ${report.problem.cause}` } : {}),
  }
}
