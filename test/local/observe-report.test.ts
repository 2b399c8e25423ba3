import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cloudwatchAlarms } from '#aws/alarms.ts'
import { ssmFlagHistory } from '#aws/flag-history.ts'
import type { FlagPath } from '#core/names.ts'
import { buildReport, type ObserveReport } from '#core/observe/build.ts'
import { reportMarkdown } from '#core/observe/markdown.ts'
import { loadPlan } from '#core/plan/load.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { decisionRecord } from '#test/core/observe/decision-records.ts'
import { onlyPlan } from '#test/support/only-plan.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const alarm = (signal: string) => `vector-rollback-test-${PLAN}-${signal}`

let stack: Stack
let cloudwatch: CloudWatch
let start: Date
let remove = async () => {}
let report: ObserveReport

const set = async (signal: string, StateValue: 'ALARM' | 'OK') => {
  await cloudwatch.setAlarmState({ AlarmName: alarm(signal), StateValue, StateReason: 'Threshold crossed.' })
  return stack.clock.now().toISOString()
}
/** It goes off, and what is decided is kept. */
const goesOff = async (signal: string, of: { row: number; path: string; decidedAfter?: number; action?: string }) => {
  const at = await set(signal, 'ALARM')
  const made = decisionRecord({ alarm: alarm(signal), at, signal, ...of })
  await stack.objects.write(made.key, JSON.stringify(made.record))
}
const people = (value: string) => stack.flags.write(FLAG as FlagPath, value)
const caseOf = (signal: string) => report.cases.find((one) => one.signal === signal)

/** A week in which nothing was allowed, and people did everything. */
beforeAll(async () => {
  const alone = await onlyPlan(PLAN)
  remove = alone.remove
  stack = await startStack({
    ...{ environment: 'test', plansDirectory: alone.directory },
    database: { url: 'postgresql://nobody@127.0.0.1:1/nothing' },
  })
  cloudwatch = new CloudWatch({ maxAttempts: 1 })
  const plan = await loadPlan(PLAN_FOLDER)
  for (const signal of Object.keys(plan.signals)) {
    await cloudwatch.putMetricAlarm({
      ...{ AlarmName: alarm(signal), Namespace: 'Any', MetricName: 'Any', Statistic: 'Average', Period: 60 },
      ...{ EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' },
    })
    await set(signal, 'OK')
  }
  await people('true')
  stack.clock.travel(DAY)
  start = stack.clock.now()

  // Monday: connections fail. People switch the flag twelve minutes after it would have been off.
  await goesOff('connection-failures', { row: 12, path: 'flag', decidedAfter: 3 * SECOND })
  stack.clock.travel(3 * SECOND + 12 * MINUTE)
  await people('false')
  stack.clock.travel(20 * MINUTE)
  await set('connection-failures', 'OK')
  await people('true')
  stack.clock.travel(DAY)

  // Tuesday: the CPU is high for four minutes, well within the quarter of an hour that its row gives.
  await goesOff('cpu-high', { row: 10, path: 'partial' })
  stack.clock.travel(4 * MINUTE)
  await set('cpu-high', 'OK')
  stack.clock.travel(DAY)

  // Wednesday: searches find nothing, then do, then do not …
  for (let i = 0; i < 4; i++) {
    await goesOff('no-results', { row: 1, path: 'flag' })
    stack.clock.travel(10 * MINUTE)
    await set('no-results', 'OK')
    stack.clock.travel(2 * MINUTE)
  }
  stack.clock.travel(DAY)

  // Thursday: an alarm whose event got lost; and people switch the flag for a reason that no alarm knows.
  await set('query-timeout', 'ALARM')
  stack.clock.travel(HOUR)
  await set('query-timeout', 'OK')
  stack.clock.travel(5 * HOUR)
  await people('false')
  stack.clock.travel(HOUR)
  await people('true')
  stack.clock.travel(DAY)

  // Friday: one that goes on; and one that belongs to another environment.
  await goesOff('memory-high', { row: 3, path: 'partial' })
  const other = decisionRecord({ alarm: 'elsewhere', at: stack.clock.now().toISOString(), environment: 'prod' })
  await stack.objects.write(other.key, JSON.stringify(other.record))
  await stack.objects.write(`decisions/${PLAN}/${stack.clock.now().toISOString()}-torn.json`, '{}')
  stack.clock.travel(MINUTE)

  report = await buildReport(
    plan,
    { from: start, to: stack.clock.now() },
    {
      objects: stack.objects,
      aws: { alarms: cloudwatchAlarms(), flagHistory: ssmFlagHistory() },
      environment: 'test',
    },
  )
})
afterAll(async () => {
  await stack?.close()
  await remove()
})

describe('the report of a week', () => {
  test('says how long before people it would have contained, by which row, and that it was right', () => {
    const found = caseOf('connection-failures')
    expect(found).toMatchObject({
      row: 12,
      path: 'flag',
      containsAtOnce: true,
      decidedAfter: 3 * SECOND,
      people: { flag: 'VECTOR_SEARCH_ENABLED' },
      verdict: { is: 'true' },
    })
    expect(Math.abs((found?.ahead ?? 0) - 12 * MINUTE)).toBeLessThan(10 * SECOND)
  })

  test('calls an alarm false that was over by itself within the time of its row', () => {
    expect(caseOf('cpu-high')).toMatchObject({ people: null, ahead: null, verdict: { is: 'false' } })
    expect(caseOf('cpu-high')?.verdict.why).toMatch(/^it was over by itself after 4 min/)
  })

  test('cannot tell of one that lasted longer and that nobody acted upon, and leaves open what goes on', () => {
    expect(caseOf('no-results')?.verdict).toMatchObject({ is: 'unknown' })
    expect(caseOf('memory-high')).toMatchObject({ endedAt: null, verdict: { is: 'open' } })
  })

  test('names what flaps, how often', () => {
    expect(report.flapping.filter(({ flapping }) => flapping)).toEqual([
      { alarm: alarm('no-results'), times: 4, withinAnHour: 4, flapping: true },
    ])
  })

  test('names the alarm that nobody decided about, and the switch that no alarm foretold', () => {
    expect(report.undecided.map((one) => one.alarm)).toEqual([alarm('query-timeout')])
    expect(report.unseen).toMatchObject([{ flag: 'VECTOR_SEARCH_ENABLED' }])
  })

  test('has nothing of other environments, nor of what is no record', () => {
    expect(report.cases).toHaveLength(7)
    expect(JSON.stringify(report)).not.toContain('elsewhere')
  })

  test('reads as a page', () => {
    const text = reportMarkdown(report)
    expect(text).toContain(`# ${PLAN} in test`)
    expect(text).toContain('7 alarms decided about: 1 right, 1 false, 1 still in ALARM, 4 that cannot be told.')
    expect(text).toMatch(/\| 12 \| connection-failures \| flag \| 1 \| 1 \| 0 \| 0 \|/)
    expect(text).toMatch(/12 min( \d+ s)? before people/)
    expect(text).toContain(`Flapping: ${alarm('no-results')} went off 4 times, 4 of them within an hour.`)
  })
})

test('our own switching of a flag is not taken for that of people', async () => {
  const plan = await loadPlan(PLAN_FOLDER)
  const by =
    'arn:aws:sts::123456789012:assumed-role/vector-rollback-test-Functionsonalarmrole1A2B/vector-rollback-test-on-alarm'
  const [from, to] = [new Date('2026-11-20T00:00:00Z'), new Date('2026-11-22T00:00:00Z')]
  const history = [
    { at: '2026-11-21T03:00:00.000Z', value: 'true', by: 'arn:aws:iam::123456789012:user/anne' },
    { at: '2026-11-21T03:10:00.000Z', value: 'false', by },
    { at: '2026-11-21T04:00:00.000Z', value: 'true', by: 'arn:aws:iam::123456789012:user/anne' },
    { at: '2026-11-21T05:00:00.000Z', value: 'false', by: by.replaceAll('-test-', '-prod-') },
  ]
  const aws = {
    alarms: { describe: async () => [], changes: async () => [] },
    flagHistory: { changes: async () => history },
  }
  const { unseen } = await buildReport(plan, { from, to }, { objects: stack.objects, aws, environment: 'test' })
  expect(unseen.map(({ at }) => at)).toEqual(['2026-11-21T05:00:00.000Z'])
})

test('people are told every week of every plan', async () => {
  const before = stack.messages().length
  expect(await stack.invoke('observe-report', {})).toEqual([{ plan: PLAN, cases: 7 }])
  const [message] = stack.messages().slice(before)
  expect(message).toMatchObject({
    subject: `${PLAN} test: the week: 7 alarms`,
    attributes: { plan: PLAN, event: 'observe-report', severity: 'info' },
  })
  expect(message?.message).toContain('1 right, 1 false')
})

test('a report without AWS says that it does not know about people', async () => {
  const plan = await loadPlan(PLAN_FOLDER)
  const window = { from: start, to: stack.clock.now() }
  const local = await buildReport(plan, window, { objects: stack.objects, aws: null, environment: 'test' })
  expect(local).toMatchObject({ histories: 'not read', flapping: [], undecided: [], unseen: [] })
  expect(new Set(local.cases.map(({ verdict }) => verdict.is))).toEqual(new Set(['unknown']))
  expect(reportMarkdown(local)).toContain('were not read')
})
