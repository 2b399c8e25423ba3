import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { onAlarm } from '#core/decide/on-alarm.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Notification } from '#core/ports.ts'
import type { Ports } from '#core/steps/define-step.ts'
import { eventBridge, lambdaAction } from './alarm-events.ts'
import { planWith } from './plans.ts'

type AlarmPorts = Parameters<typeof onAlarm>[1]

/** Ports that must not be touched, but for those that are given. */
const untouched = (given: Partial<Ports> = {}): AlarmPorts =>
  new Proxy({} as AlarmPorts, {
    get: (_, name) => {
      if (Reflect.has(given, name)) return Reflect.get(given, name)
      throw new Error(`"${String(name)}" was used`)
    },
  })

/** Plans by name; `null` is one that cannot be read. */
const library = (plans: Readonly<Record<string, Plan | null>>): Ports['plans'] => ({
  names: async () => Object.keys(plans),
  load: async (name) => {
    const plan = plans[name]
    if (!plan) throw new Error(`plan ${name} is broken`)
    return plan
  },
})

/** What happens, in its order; parameters hold "true". `failing` says which calls fail. */
const world = (plans: Readonly<Record<string, Plan | null>>, failing: readonly string[] = []) => {
  const log: string[] = []
  const sent: Notification[] = []
  const step = (what: string): void => {
    log.push(what)
    if (failing.some((start) => what.startsWith(start))) throw new Error(`${what} failed`)
  }
  // There is no bucket: whatever is decided here is decided without it.
  const ports = untouched({
    environment: 'prod',
    autonomy: 'act',
    plans: library(plans),
    clock: { now: () => new Date('2026-11-21T03:00:01Z'), sleep: () => new Promise(() => undefined) },
    flags: {
      read: async () => ({ value: 'true', version: 7 }),
      write: async (path, value) => {
        await Promise.resolve()
        step(`write ${path} ${value}`)
        return { version: 8 }
      },
    },
    executions: {
      start: async (name: string) => {
        step(`start ${name.replace(/-[0-9a-f]{24}$/, '')}`)
        return { arn: `arn:${name}`, started: true }
      },
    } as unknown as Ports['executions'],
    notifier: {
      send: async (notification) => {
        step(`tell ${notification.plan}`)
        sent.push(notification)
        return { id: '1' }
      },
      chat: async () => null,
      post: () => Promise.reject(new Error('no webhook is called')),
    },
  })
  return { ports, log, sent }
}

const cpu = (path: string) => [{ signal: 'cpu', severity: 'critical', path, alarms: ['cpu'] }]
const event = lambdaAction({ name: 'cpu' })

describe('nothing is rolled back, and nothing even asked', () => {
  test.each(['OK', 'INSUFFICIENT_DATA'])('when an alarm is %s, and that cannot be kept', async (value) => {
    const { ports, log } = world({ small: await planWith() })
    for (const form of [lambdaAction, eventBridge])
      expect(await onAlarm(form({ name: 'vector-rollback-prod-small-slow', value }), ports)).toMatchObject([
        { action: 'none', plan: 'small', contained: null, execution: null },
      ])
    expect(log).toEqual([])
  })

  test('when the event is anything but an alarm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (malformed) => {
        expect(await onAlarm(malformed, untouched())).toMatchObject([{ action: 'ignored' }])
      }),
    )
  })

  test('when no plan names the alarm', async () => {
    const ports = untouched({ plans: library({ small: await planWith() }), environment: 'prod' })
    expect(await onAlarm(lambdaAction({ name: 'billing' }), ports)).toEqual([
      {
        action: 'ignored',
        detail: 'No plan names alarm "billing".',
        plan: null,
        contained: null,
        execution: null,
      },
    ])
  })
})

describe('an alarm that two plans name', () => {
  test('contains both before the state machine is asked for either', async () => {
    const { ports, log } = world({ small: await planWith(cpu('full')), other: await planWith(cpu('flag'), 'other') })
    const outcomes = await onAlarm(event, ports)
    expect(log).toEqual(['write /app/prod/SEARCH false', 'write /app/prod/SEARCH false', 'start small', 'start other'])
    expect(outcomes.map(({ plan, action, contained }) => [plan, action, contained?.changed])).toEqual([
      ['small', 'started', true],
      ['other', 'started', true],
    ])
  })

  test('still contains and starts the second when the first cannot be contained, then fails so that it comes again', async () => {
    const broken = await planWith(cpu('full'))
    const flags = Object.fromEntries(
      Object.entries(broken.flags).map(([name, flag]) => [name, { ...flag, parameter: '/broken' }]),
    )
    const { ports, log } = world({ small: { ...broken, flags }, other: await planWith(cpu('flag'), 'other') }, [
      'write /broken',
    ])
    await expect(onAlarm(event, ports)).rejects.toMatchObject({ name: 'Containment.Incomplete' })
    expect(log).toContain('write /app/prod/SEARCH false')
    expect(log).toEqual(expect.arrayContaining(['start small', 'start other']))
  })

  test('still contains and starts the one that can be read when the other cannot', async () => {
    const { ports, log } = world({ broken: null, other: await planWith(cpu('flag'), 'other') })
    await expect(onAlarm(event, ports)).rejects.toThrow('plan broken is broken')
    expect(log).toEqual(['write /app/prod/SEARCH false', 'start other'])
  })

  test('contains both when the state machine is down, and fails so that it comes again', async () => {
    const plans = { small: await planWith(cpu('full')), other: await planWith(cpu('flag'), 'other') }
    const { ports, log } = world(plans, ['start'])
    await expect(onAlarm(event, ports)).rejects.toThrow('start small failed')
    expect(log).toEqual([
      'write /app/prod/SEARCH false',
      'write /app/prod/SEARCH false',
      'start small',
      'start other',
      'tell small',
      'tell other',
    ])
  })
})

describe('an alarm that is only to be watched', () => {
  const lag = [{ signal: 'lag', severity: 'low', path: 'monitor', alarms: ['cpu'] }]

  test('tells people in plain words, and touches neither flag nor state machine', async () => {
    const { ports, log, sent } = world({ small: await planWith(lag) })
    expect(await onAlarm(event, ports)).toMatchObject([{ action: 'monitor', contained: null, execution: null }])
    expect(log).toEqual(['tell small'])
    expect(sent).toMatchObject([
      { event: 'monitor', severity: 'warning', incident: null, subject: 'small prod: watch lag (low)' },
    ])
    expect(sent[0]?.body).toContain('It is lag.')
  })

  test("tells people in the plan's own words, with the time of the next look", async () => {
    const plan = await planWith(lag)
    const monitor = { subject: '{plan} {environment}: {signal} ({severity})', body: '{reason} Look by {deadline}.' }
    const { ports, sent } = world({ small: { ...plan, messages: { monitor } } })
    await onAlarm(event, ports)
    expect(sent[0]?.subject).toBe('small prod: lag (low)')
    expect(sent[0]?.body).toMatch(/^It is lag\. cpu: Threshold Crossed: .* Look by 2026-11-21T03:15:00\.123Z\.$/)
  })

  test('comes again when nobody could be told', async () => {
    const { ports } = world({ small: await planWith(lag) }, ['tell'])
    await expect(onAlarm(event, ports)).rejects.toThrow('tell small failed')
  })
})
