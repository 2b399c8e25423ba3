import { expect, test } from 'vitest'
import { alarmName, executionName } from '#core/decide/decide.ts'
import { onAlarm } from '#core/decide/on-alarm.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Notification } from '#core/ports.ts'
import type { Ports } from '#core/steps/define-step.ts'
import { type ProbeSignal, planWithSignals } from '#test/core/probe/plans.ts'
import { lambdaAction } from './alarm-events.ts'
import { destination, type Ended, result, round } from './destination-events.ts'

const LEAK = { leak: { sql: 'select 0', unit: 'rows' } }

/** What happens, in its order. */
const world = (plan: Plan) => {
  const log: string[] = []
  const sent: Notification[] = []
  const inputs: unknown[] = []
  const ports = {
    environment: 'prod',
    autonomy: 'act',
    plans: {
      names: async () => [plan.name],
      load: async () => plan,
    },
    clock: { now: () => new Date('2026-11-21T03:00:10Z'), sleep: () => new Promise(() => undefined) },
    flags: {
      read: async () => ({ value: 'true', version: 7 }),
      write: async (path: string, value: string) => {
        log.push(`write ${path} ${value}`)
        return { version: 8 }
      },
    },
    executions: {
      start: async (name: string, input: unknown) => {
        log.push(`start ${name}`)
        inputs.push(input)
        return { arn: `arn:${name}`, started: true }
      },
    },
    notifier: {
      send: async (notification: Notification) => {
        log.push(`tell ${notification.event}`)
        sent.push(notification)
        return { id: '1' }
      },
    },
  } as unknown as Ports
  return { ports, log, sent, inputs }
}

const after = async (signals: Readonly<Record<string, ProbeSignal>>, ended: Ended) => {
  const plan = await planWithSignals(signals)
  const { ports, ...seen } = world(plan)
  const outcomes = await onAlarm(destination(ended), ports)
  return { ...seen, outcomes, plan, ports }
}

const measured = (...results: Parameters<typeof round>[0]) => ({ responsePayload: [round(results)] })

test('a critical canary that fails contains, and starts what its own alarm would start', async () => {
  const { log, outcomes, plan, inputs } = await after(LEAK, measured(result('leak')))
  const alarm = alarmName(plan, 'leak', 'prod')
  const name = executionName(plan, { name: alarm, state: 'ALARM', at: '2026-11-21T03:00:07.000Z', reason: '' })
  expect(log).toEqual(['write /app/prod/SEARCH false', `start ${name}`])
  expect(outcomes).toMatchObject([{ action: 'started', plan: 'small', contained: { changed: true } }])
  expect(inputs).toMatchObject([
    {
      path: 'flag',
      signal: { name: 'leak', alarm, at: '2026-11-21T03:00:07.000Z' },
      reason: 'It is measured. (The probe measured 7 rows, which is above 0.)',
    },
  ])
})

test('every copy of the event starts the same execution with the same input', async () => {
  const plan = await planWithSignals(LEAK)
  const seen = world(plan)
  const event = destination(measured(result('leak')))
  await onAlarm(event, seen.ports)
  await onAlarm({ ...event, timestamp: '2026-11-21T03:01:00.000Z' }, seen.ports)
  const starts = seen.log.filter((line) => line.startsWith('start'))
  expect(new Set(starts).size).toBe(1)
  expect(JSON.stringify(seen.inputs[0])).toBe(JSON.stringify(seen.inputs[1]))
})

test.each<[string, Readonly<Record<string, ProbeSignal>>, Parameters<typeof result>[1]]>([
  ['has to last', { leak: { ...LEAK.leak, for: '2m' } }, {}],
  ['is not critical', { leak: { ...LEAK.leak, severity: 'high' } }, {}],
  ['is within its limit', LEAK, { breached: false }],
  ['could not be measured', LEAK, { value: null, breached: 'unknown' }],
  ['is a rate', { leak: { ...LEAK.leak, more: 'rate: 1h' } }, {}],
])('a signal that %s is left to its alarm', async (_, signals, more) => {
  const { log, outcomes } = await after(signals, measured(result('leak', more)))
  expect(log).toEqual([])
  expect(outcomes).toMatchObject([{ action: 'none', plan: 'small', contained: null, execution: null }])
})

test('a signal that the plan does not have, or that no probe measures, is nothing to act upon', async () => {
  for (const signal of ['no-such-signal', 'toString', '__proto__'])
    expect((await after(LEAK, measured(result(signal)))).log).toEqual([])
})

test('of several canaries that fail at once the one whose path goes furthest acts, once, and names the others', async () => {
  const plan = await planWithSignals({ ...LEAK, worse: { sql: 'select 0' } })
  const decide = plan.decide.map((row) => (row.when.includes('worse') ? { ...row, path: 'full' as const } : row))
  const { ports, log, inputs } = world({ ...plan, decide })
  await onAlarm(destination(measured(result('leak'), result('worse', { value: 1, unit: 'count' }))), ports)
  expect(log).toHaveLength(2)
  expect(inputs).toMatchObject([
    {
      path: 'full',
      signal: {
        name: 'worse',
        reason: expect.stringMatching(/1 count, .* at the same time: leak \(7 rows, which is above 0\)\.$/),
      },
    },
  ])
})

test('no connection acts at once where the plan has a signal for it that is critical and does not wait', async () => {
  const lost = round([result('connection', { value: 1, unit: 'count' })], {
    connectFailed: true,
    error: { name: 'Postgres.Unreachable', message: 'connect ECONNREFUSED' },
  })
  const { inputs, log } = await after({ connection: { connect: true } }, { responsePayload: [lost] })
  expect(log).toHaveLength(2)
  expect(inputs).toMatchObject([{ signal: { reason: 'The probes could not connect (Postgres.Unreachable).' } }])
  const patient = await after({ connection: { connect: true, for: '3m' } }, { responsePayload: [lost] })
  expect(patient.log).toEqual([])
  expect(patient.outcomes[0]?.detail).toMatch(
    /left to their alarms: connection; no connection; Postgres\.Unreachable\./,
  )
})

test.each([
  [
    'crashed',
    'RetriesExhausted',
    { errorType: 'Sandbox.Timedout', errorMessage: 'gave up' },
    'Sandbox.Timedout: gave up',
  ],
  ['was not started in time', 'EventAgeExceeded', undefined, 'EventAgeExceeded'],
])('a function that %s is told to people, and rolls nothing back', async (_, condition, responsePayload, said) => {
  const { log, sent, outcomes } = await after(LEAK, { condition, responsePayload })
  expect(log).toEqual(['tell probe-failed'])
  expect(sent).toMatchObject([{ plan: 'small', severity: 'warning', subject: 'small prod: the probes did not run' }])
  expect(sent[0]?.body).toContain(said)
  expect(outcomes).toMatchObject([{ action: 'monitor', plan: 'small', contained: null, execution: null }])
})

test.each<[string, Ended]>([
  ['cannot be read', { responsePayload: { rows: 'of customers' } }],
  ['is of another environment', { environment: 'dev', ...measured(result('leak')) }],
  ['is of a plan that is not here', { responsePayload: [round([result('leak')], { plan: 'gone' })] }],
])('an answer that %s is recorded, and nothing is done', async (_, ended) => {
  const { log, outcomes } = await after(LEAK, ended)
  expect(log).toEqual([])
  expect(outcomes).toMatchObject([{ action: 'ignored', contained: null, execution: null }])
})

test('an error of the plan of one round keeps no other from its containment, and the event comes again', async () => {
  const plan = await planWithSignals(LEAK)
  const { ports, log } = world(plan)
  const plans: Ports['plans'] = {
    names: async () => ['broken', 'small'],
    load: async (name) => {
      if (name === 'broken') throw new Error('plan broken is broken')
      return plan
    },
  }
  const rounds = [round([result('leak')], { plan: 'broken' }), round([result('leak')])]
  await expect(onAlarm(destination({ responsePayload: rounds }), { ...ports, plans })).rejects.toThrow('is broken')
  expect(log[0]).toBe('write /app/prod/SEARCH false')
})

test("the metric's own alarm is the second way in: it leads to the same row", async () => {
  const { ports, plan, inputs } = await after(LEAK, measured(result('leak')))
  await onAlarm(lambdaAction({ name: alarmName(plan, 'leak', 'prod') }), ports)
  expect(inputs.map((input) => (input as { path: string }).path)).toEqual(['flag', 'flag'])
})
