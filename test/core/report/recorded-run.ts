import { beforeAll } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { type Incident, recordEvent, type StepEvent } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Problem } from '#core/incident/problem.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, Path } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Executions, VisitedState } from '#core/ports.ts'
import { RunReport } from '#core/report/model.ts'
import { reportOfRun } from '#core/report/of-run.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const BUCKET = 'reports'

/** The bucket of the tests of a file, while they run. */
export const useBucket = (): void => {
  const current = useEndpoints()
  beforeAll(() => createBucket(current().endpoints.url, BUCKET))
}

export const objects = s3Objects(BUCKET)
/** Seconds after the alarm. */
export const at = (seconds: number) => new Date(Date.parse('2026-11-21T03:00:00.000Z') + seconds * 1000).toISOString()
export const clockAt = (seconds: number) => ({ now: () => new Date(at(seconds)), sleep: async () => {} })
const visited = (name: string): VisitedState => ({
  name,
  startedAt: at(10),
  ms: 5,
  attempts: 1,
  status: 'succeeded',
  error: null,
})
const historyOf = (history: Executions['history']): Executions => ({
  history,
  start: () => Promise.reject(new Error('a report starts nothing')),
  status: () => Promise.reject(new Error('a report asks for no status')),
  knows: () => Promise.reject(new Error('a report asks for no execution')),
  succeed: () => Promise.reject(new Error('a report answers nobody')),
  fail: () => Promise.reject(new Error('a report answers nobody')),
})

let runs = 0
/** A run as its first states recorded it: the alarm at 0 s, started at 5 s, contained at 8 s. */
export const open = async (path: Path, more: Partial<Incident> = {}) => {
  const plan = await loadPlan(await planFolder())
  const run: Run = {
    plan: plan.name,
    planDigest: plan.digest,
    incident: `incident-${++runs}` as IncidentId,
    execution: 'arn:execution',
    epoch: 1,
    path,
    drill: more.drill ?? false,
  }
  const incident: Incident = {
    incident: run.incident,
    plan: plan.name,
    planDigest: plan.digest,
    path,
    reason: 'Slow. (Threshold Crossed.)',
    signal: { name: 'slow', severity: 'critical', alarm: 'slow-alarm', at: at(0), reason: 'Threshold Crossed.' },
    drill: false,
    environment: 'prod',
    execution: run.execution,
    epoch: 1,
    startedAt: at(5),
    openedAt: at(9),
    contained: { changed: true, detail: 'SEARCH set to "false"', at: at(8), flags: [] },
    tookOver: null,
    ...more,
  }
  await writeJson(objects, keys.incident(run.incident), incident)
  return { plan, run }
}
export const happened = (run: Run, kind: string, seconds: number, more: Partial<StepEvent> = {}) =>
  recordEvent(
    objects,
    run.incident,
    { kind, startedAt: at(seconds), ms: 100, changed: true, detail: `${kind} done`, ...more },
    `${seconds}`,
  )
export const checked = (run: Run, seconds: number, checks: Readonly<Record<string, 'pass' | 'fail' | 'unknown'>>) =>
  writeJson(
    objects,
    `${keys.checks(run.incident)}${at(seconds)}-${run.path}.json`,
    Object.entries(checks).map(([name, status]) => ({ name, status, describe: 'A promise.', detail: 'seen' })),
  )
export const retired = (plan: Plan, id: string, seconds: number) =>
  writeJson(objects, keys.retirement(plan.name, id), {
    id,
    retiredAt: at(seconds),
    tables: [{ definition: { table: { schema: 'public', name: 'embeddings' } } }],
  })
/** Written at 60 s, in the shape that every reader of reports expects. */
export const report = async (
  { plan, run }: { plan: Plan; run: Run },
  {
    problem = null,
    reEnabled = false,
    history = async () => [visited('Contain')],
    seconds = 60,
  }: {
    problem?: Problem | null
    reEnabled?: boolean
    history?: Executions['history']
    seconds?: number
  } = {},
): Promise<RunReport> =>
  RunReport.parse(
    await reportOfRun(
      run,
      plan,
      { problem, reEnabled },
      { objects, executions: historyOf(history), clock: clockAt(seconds), environment: 'prod' },
    ),
  )
