import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AlarmState, readAlarm } from '#core/decide/alarm.ts'
import { alarmName, concernedBy, executionName, type Matched, matchRow, requestFor } from '#core/decide/decide.ts'
import { Request } from '#core/incident/request.ts'
import type { PlanName } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { eventBridge, lambdaAction } from './alarm-events.ts'
import { planWith } from './plans.ts'

const alarm = (name: string, more: Partial<AlarmState> = {}): AlarmState => ({
  name,
  state: 'ALARM',
  at: '2026-11-21T03:00:00.000Z',
  reason: 'Threshold Crossed.',
  ...more,
})
/** Where nothing but the signal is known, and nothing else asked for. */
const matchAlarm = (plans: readonly Plan[], { name, at }: AlarmState, environment: string): Matched[] =>
  concernedBy(plans, { name }, environment).flatMap(
    (concerned) => matchRow(concerned, { change: 'off', also: [], at }) ?? [],
  )
const only = (matched: readonly Matched[]): Matched => {
  const [first, ...others] = matched
  if (!first || others.length > 0) throw new Error(`${matched.length} rows, not one`)
  return first
}

describe('an alarm of a plan', () => {
  test('is found by the name that the deployment gives it, in its environment only', async () => {
    const plan = await planWith()
    expect(alarmName(plan, 'slow', 'prod')).toBe('vector-rollback-prod-small-slow')
    const match = only(matchAlarm([plan], alarm('vector-rollback-prod-small-slow'), 'prod'))
    expect(match).toMatchObject({ signal: 'slow', severity: 'critical', decision: { path: 'full' } })
    expect(matchAlarm([plan], alarm('vector-rollback-prod-small-slow'), 'dev')).toEqual([])
  })

  test('is found by a name that was there before, with the environment in it', async () => {
    const plan = await planWith([{ signal: 'lag', severity: 'low', path: 'flag', alarms: ['{env}-lag-{env}', 'old'] }])
    expect(only(matchAlarm([plan], alarm('prod-lag-prod'), 'prod')).signal).toBe('lag')
    expect(only(matchAlarm([plan], alarm('old'), 'prod')).signal).toBe('lag')
    expect(matchAlarm([plan], alarm('{env}-lag-{env}'), 'prod')).toEqual([])
  })

  test('that no plan knows leads to nothing', async () => {
    const plan = await planWith()
    for (const name of ['slow', 'vector-rollback-prod-small', 'vector-rollback-prod-small-slow-2', ''])
      expect(matchAlarm([plan], alarm(name), 'prod')).toEqual([])
  })

  test('that two plans name leads to both', async () => {
    const shared = { signal: 'cpu', severity: 'high', path: 'partial', alarms: ['cpu-{env}'] } as const
    const plans = [await planWith([shared]), await planWith([{ ...shared, path: 'flag' }], 'other'), await planWith()]
    const matched = matchAlarm(plans, alarm('cpu-prod'), 'prod')
    expect(matched.map(({ plan, decision }) => [plan.name, decision.path])).toEqual([
      ['small', 'partial'],
      ['other', 'flag'],
    ])
    expect(new Set(matched.map(({ plan }) => executionName(plan, alarm('cpu-prod')))).size).toBe(2)
  })

  test('that several signals of a plan share leads to one row: that of the most severe signal, the first among equals', async () => {
    const rows = [
      { signal: 'a', severity: 'low', path: 'full', alarms: ['cpu'] },
      { signal: 'b', severity: 'high', path: 'flag', alarms: ['cpu'] },
      { signal: 'c', severity: 'high', path: 'partial', alarms: ['cpu'] },
      { signal: 'd', severity: 'medium', path: 'monitor', alarms: ['cpu'] },
    ]
    const found = async (order: typeof rows) => only(matchAlarm([await planWith(order)], alarm('cpu'), 'prod'))
    // Row 1 is that of the small plan itself.
    expect(await found(rows)).toMatchObject({ signal: 'b', row: 3, decision: { path: 'flag' } })
    expect(await found(rows.toReversed())).toMatchObject({ signal: 'c', row: 3, decision: { path: 'partial' } })
  })
})

describe('the name of the execution', () => {
  const text = fc.string({ maxLength: 300 })
  test('is one that Step Functions takes, whatever plan and alarm are called', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/), text, text, (plan, name, at) => {
        const made = executionName({ name: plan as PlanName }, alarm(name, { at }))
        expect(made).toMatch(/^[A-Za-z0-9_-]{1,80}$/)
        expect(executionName({ name: plan as PlanName }, alarm(name, { at, reason: 'told otherwise' }))).toBe(made)
      }),
    )
  })

  test('fits for a plan with a very long name', () => {
    const name = `search-${'a'.repeat(100)}` as PlanName
    expect(executionName({ name }, alarm('slow'))).toHaveLength(80)
  })

  test('differs by alarm, by the time of the change, and by plan', async () => {
    const { name } = await planWith()
    const first = executionName({ name }, alarm('slow'))
    expect(executionName({ name }, alarm('slower'))).not.toBe(first)
    expect(executionName({ name }, alarm('slow', { at: '2026-11-21T04:00:00.000Z' }))).not.toBe(first)
    expect(executionName({ name: 'other' as PlanName }, alarm('slow'))).not.toBe(first)
  })
})

describe('the input of the state machine', () => {
  test('is byte for byte the same for every copy of an event, by either way', async () => {
    const plan = await planWith()
    const name = alarmName(plan, 'slow', 'prod')
    const inputs = [lambdaAction, eventBridge, lambdaAction].map((form) => {
      const read = readAlarm(form({ name }))
      if (!read) throw new Error('the event was not read')
      return JSON.stringify(requestFor(only(matchAlarm([plan], read, 'prod')), read, 'act'))
    })
    expect(new Set(inputs).size).toBe(1)
    expect(JSON.parse(inputs[0] ?? '')).toEqual({
      plan: 'small',
      path: 'full',
      reason: expect.stringMatching(/^Slow\. \(Threshold Crossed: /),
      signal: {
        name: 'slow',
        severity: 'critical',
        alarm: name,
        at: '2026-11-21T03:00:00.123Z',
        reason: expect.stringMatching(/^Threshold Crossed: /),
      },
      decided: { row: 1, autonomy: 'act', approve: ['lead'] },
    })
  })

  test('is one that the state machine accepts, however long the reason is', async () => {
    const plan = await planWith()
    const told = alarm(alarmName(plan, 'slow', 'prod'), { reason: 'x'.repeat(10_000) })
    expect(() => Request.parse(requestFor(only(matchAlarm([plan], told, 'prod')), told, 'contain'))).not.toThrow()
  })

  test('is none for a row that only monitors', async () => {
    const plan = await planWith([{ signal: 'lag', severity: 'low', path: 'monitor', alarms: ['lag'] }])
    expect(requestFor(only(matchAlarm([plan], alarm('lag'), 'prod')), alarm('lag'), 'act')).toBeNull()
  })
})
