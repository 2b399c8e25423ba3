import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import type { Sweep } from '#core/decide/sweep-alarms.ts'
import type { FlagPath } from '#core/names.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { eventBridge } from '#test/core/decide/alarm-events.ts'
import { decisionRecord } from '#test/core/observe/decision-records.ts'
import { FLAG, PLAN } from '#test/support/paths.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Of the plan: critical, contained immediately, path flag; and one that is watched only. */
const CRITICAL = `vector-rollback-test-${PLAN}-connection-failures`
const WATCHED = `vector-rollback-test-${PLAN}-slow-searches`
/** A log filter, which has no data most of the time. */
const EVENTS = `vector-rollback-test-${PLAN}-out-of-memory`

/** Nobody listens on port 1 of loopback: the machine contains, and hands over. */
const DATABASE = { url: 'postgresql://nobody@127.0.0.1:1/nothing' }

let stack: Stack
let cloudwatch: CloudWatch

const set = async (name: string, StateValue: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA') => {
  await cloudwatch.putMetricAlarm({
    AlarmName: name,
    Namespace: 'PgvectorSearch',
    MetricName: 'Some',
    Statistic: 'Average',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanThreshold',
  })
  await cloudwatch.setAlarmState({ AlarmName: name, StateValue, StateReason: 'Threshold crossed.' })
}
/** The event that CloudWatch would have sent for the change that the alarm had last. */
const eventOf = async (name: string) => {
  const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms({ AlarmNames: [name] })
  const timestamp = (alarm?.StateTransitionedTimestamp ?? new Date(0)).toISOString().replace('Z', '+0000')
  return eventBridge({ name, timestamp, reason: alarm?.StateReason ?? '' })
}
const onAlarm = async (event: unknown) => (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
const sweep = async () => (await stack.invoke('sweep-alarms', {})) as Sweep
const flag = async () => (await stack.flags.read(FLAG as FlagPath))?.value
const normalService = () => stack.flags.write(FLAG as FlagPath, 'true')
const incidents = async () => {
  const names = new Set<string>()
  for await (const { key } of stack.objects.list('incidents/')) names.add(key.split('/')[1] ?? '')
  return [...names]
}
const record = (alarm: string, at: Date, action: string) => {
  const made = decisionRecord({ alarm, at: at.toISOString(), action })
  return stack.objects.write(made.key, JSON.stringify(made.record))
}
const machineOf = async (name: string) => {
  const event = await eventOf(name)
  const [outcome] = await onAlarm(event)
  return outcome?.execution ?? ''
}

beforeEach(async () => {
  stack = await startStack({ environment: 'test', database: DATABASE })
  cloudwatch = new CloudWatch({ maxAttempts: 1 })
  await normalService()
})
afterEach(() => stack.close())

describe('an alarm whose event got lost', () => {
  test('is found within minutes: contained, and its incident opened, once however often it is looked for', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(5 * MINUTE)
    expect((await sweep()).found).toMatchObject([{ alarm: CRITICAL, plans: [PLAN], what: 'acted' }])
    expect(await flag()).toBe('false')
    for (let i = 0; i < 2; i++) {
      stack.clock.travel(5 * MINUTE)
      expect((await sweep()).found).toEqual([])
    }
    await stack.waitFor(await machineOf(CRITICAL))
    expect(await incidents()).toHaveLength(1)
  })

  test('gets the execution that its event would have started, so that the event, when it comes late, starts no other', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(5 * MINUTE)
    await sweep()
    const [late] = await onAlarm(await eventOf(CRITICAL))
    await stack.waitFor(late?.execution ?? '')
    expect(await incidents()).toEqual([late?.execution?.split(':').at(-1)])
  })

  test('is acted upon when it was in ALARM long before there was anybody to tell', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(200 * DAY)
    expect((await sweep()).found).toMatchObject([{ what: 'acted' }])
    expect(await flag()).toBe('false')
    await stack.waitFor(await machineOf(CRITICAL))
  })

  test('is acted upon while the bucket is down, and not a second time', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(5 * MINUTE)
    stack.faults.down('s3')
    await expect(sweep()).rejects.toThrow('Bucket')
    expect(await flag()).toBe('false')
    await normalService()
    expect((await sweep()).found).toEqual([])
    expect(await flag()).toBe('true')
    stack.faults.up('s3')
    await stack.waitFor(await machineOf(CRITICAL))
  })

  test('is left to the next sweep while the state machine is down, contained all the same', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(5 * MINUTE)
    stack.faults.down('states')
    await expect(sweep()).rejects.toThrow('StateMachine.Unreachable')
    stack.faults.up('states')
    expect((await sweep()).found).toMatchObject([{ what: 'acted' }])
    await stack.waitFor(await machineOf(CRITICAL))
    expect(await incidents()).toHaveLength(1)
  })
})

describe('an alarm whose event was delivered', () => {
  test('is nothing to the sweep, also when its incident is over and service is back while it is still in ALARM', async () => {
    await set(CRITICAL, 'ALARM')
    await stack.waitFor(await machineOf(CRITICAL))
    await normalService()
    for (const time of [5 * MINUTE, 3 * DAY, 100 * DAY]) {
      stack.clock.travel(time)
      expect((await sweep()).found).toEqual([])
    }
    expect(await flag()).toBe('true')
    expect(await incidents()).toHaveLength(1)
  })

  test('and led to nothing but a record is nothing to the sweep, though its times differ by what clocks do', async () => {
    await set(CRITICAL, 'ALARM')
    const since = stack.clock.now().getTime()
    await record(CRITICAL, new Date(since + 900), 'observed')
    stack.clock.travel(5 * MINUTE)
    expect((await sweep()).found).toEqual([])
    expect(await flag()).toBe('true')
  })

  test('and failed, or was about another change, is acted upon', async () => {
    await set(CRITICAL, 'ALARM')
    const since = stack.clock.now().getTime()
    await record(CRITICAL, new Date(since), 'failed')
    await record(CRITICAL, new Date(since - MINUTE), 'observed')
    await record(WATCHED, new Date(since), 'observed')
    stack.clock.travel(5 * MINUTE)
    expect((await sweep()).found).toMatchObject([{ what: 'acted' }])
    await stack.waitFor(await machineOf(CRITICAL))
  })

  test('is left to its event while that may still be on its way', async () => {
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(MINUTE)
    expect((await sweep()).found).toEqual([])
    expect(await flag()).toBe('true')
  })

  test('is another one when it goes off anew, and that event is lost', async () => {
    await set(CRITICAL, 'ALARM')
    await stack.waitFor(await machineOf(CRITICAL))
    await normalService()
    stack.clock.travel(DAY)
    await set(CRITICAL, 'OK')
    expect((await sweep()).found).toEqual([])
    stack.clock.travel(DAY)
    await set(CRITICAL, 'ALARM')
    stack.clock.travel(5 * MINUTE)
    expect((await sweep()).found).toMatchObject([{ what: 'acted' }])
    expect(await flag()).toBe('false')
    await stack.waitFor(await machineOf(CRITICAL))
    expect(await incidents()).toHaveLength(2)
  })
})

test('an alarm that is only watched tells people once, not every five minutes', async () => {
  await set(WATCHED, 'ALARM')
  for (let i = 0; i < 3; i++) {
    stack.clock.travel(5 * MINUTE)
    await sweep()
  }
  expect(stack.messages()).toHaveLength(1)
  expect(await flag()).toBe('true')
})

describe('an alarm without data', () => {
  test('tells people once that nobody would see it, and rolls nothing back', async () => {
    await set(CRITICAL, 'INSUFFICIENT_DATA')
    stack.clock.travel(5 * MINUTE)
    expect((await sweep()).found).toEqual([])
    stack.clock.travel(15 * MINUTE)
    for (let i = 0; i < 3; i++) await sweep()
    const messages = stack.messages()
    expect(messages).toMatchObject([{ subject: `${PLAN} test: no data for connection-failures` }])
    expect(messages[0]?.attributes).toMatchObject({ event: 'no-data', severity: 'warning' })
    expect(await flag()).toBe('true')
    expect(await incidents()).toEqual([])
  })

  test('of events, of which there may be none, tells nobody', async () => {
    await set(EVENTS, 'INSUFFICIENT_DATA')
    stack.clock.travel(DAY)
    await sweep()
    expect(stack.messages()).toEqual([])
  })
})

test('alarms that a plan names and nobody has made are named', async () => {
  await set(CRITICAL, 'OK')
  const { alarms, absent } = await sweep()
  expect(alarms).toBe(1)
  expect(absent).toContain(WATCHED)
  expect(absent).not.toContain(CRITICAL)
})
