import { setTimeout as sleep } from 'node:timers/promises'
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sfnClient } from '#aws/sfn-client.ts'
import { readIncident } from '#core/incident/incident.ts'
import { PATHS } from '#core/names.ts'
import { countAsDrilled } from '#local/practice.ts'
import { eventBridge, lambdaAction } from '#test/core/decide/alarm-events.ts'
import { type AlarmWorld, alarmWorld, SIGNALS } from '#test/local/alarm-world.ts'
import { FLAG, PLAN } from '#test/support/paths.ts'

/** Ten for every day; `EVENT_ORDERS=1000 vitest run test/decide/random-orders.test.ts` for a night. `EVENT_SEED` repeats one. */
const ORDERS = Number(process.env.EVENT_ORDERS ?? 10)
/** Nothing here asks anybody: who runs longer than this waits for somebody who never comes. */
const PATIENCE_MS = 60_000
const DAY = 24 * 60 * 60_000
const PER_DAY = 3

/** What can go off here: a path each, none of which asks anybody. What asks, and what retires, has tests of its own. */
const KINDS = ['flag', 'partial'] as const
type Kind = (typeof KINDS)[number]

interface Delivery {
  readonly change: number
  readonly kind: Kind
  readonly state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA'
  readonly form: 'action' | 'bridge'
}

/** Changes of alarms as CloudWatch delivers them: lost, once or several times, in both forms, in any order. */
const deliveries: fc.Arbitrary<Delivery[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      state: fc.constantFrom('ALARM', 'ALARM', 'ALARM', 'OK', 'INSUFFICIENT_DATA'),
      copies: fc.array(fc.constantFrom('action', 'bridge'), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((changes) =>
    changes.flatMap(({ kind, state, copies }, change) =>
      copies.map((form) => ({ change, kind, state, form }) as Delivery),
    ),
  )
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))

/** Calls that come at once, or one after the other's run has ended. */
const rounds = deliveries.chain((all) =>
  fc.array(fc.boolean(), { minLength: all.length, maxLength: all.length }).map((begins) =>
    all.reduce<Delivery[][]>((found, delivery, i) => {
      if (i === 0 || begins[i]) found.push([])
      found.at(-1)?.push(delivery)
      return found
    }, []),
  ),
)

/** Waits until a run is over; one that is not says in which state it waits. */
const ended = async (arn: string): Promise<void> => {
  const over = new AbortController()
  const late = sleep(PATIENCE_MS, 'late', { signal: over.signal }).catch(() => 'over')
  if ((await Promise.race([world.stack.waitFor(arn), late])) !== 'late') return over.abort()
  const last = { executionArn: arn, reverseOrder: true, maxResults: 50 }
  const { events = [] } = await sfnClient().send(new GetExecutionHistoryCommand(last))
  const state = events.find((event) => event.stateEnteredEventDetails)?.stateEnteredEventDetails?.name
  throw new Error(`"${arn}" waits in "${state}"`)
}

let world: AlarmWorld
beforeAll(async () => {
  world = await alarmWorld()
})
afterAll(() => world?.close())

/**
 * What has to come of a day, from what was delivered alone: the flag is safe once any alarm was delivered; every change that was delivered
 * stands in exactly one place, as the signal of an incident or beside one; nothing else begins anything.
 */
const expectedOf = (delivered: readonly Delivery[], day: number) =>
  [...new Set(delivered.filter(({ state }) => state === 'ALARM').map(({ change }) => atOf(day, change)))].sort()

const atOf = (day: number, change: number): string =>
  new Date(Date.UTC(2026, 0, 1) + day * DAY + change * 60_000).toISOString()

let day = 0
test(
  'whatever is lost, repeated, delayed and reordered: contained at once, each change in one incident, one mutation, nothing destroyed',
  async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        day += 1
        // Yesterday's incidents hold nothing back today.
        world.stack.clock.travel(DAY + 60_000)
        const executions = new Set<string>()
        await world.stack.flags.write(FLAG as never, 'true')
        // Three years of days are longer than a drill counts: without one, an alarm contains and asks.
        await countAsDrilled(world.objects, world.stack.clock, { plansDirectory: world.plans, environment: 'test' })
        for (const round of all) {
          const outcomes = await Promise.all(
            round.map(({ kind, state, change, form }) => {
              const told = { name: world.alarm(kind), value: state, timestamp: atOf(day, change).replace('Z', '+0000') }
              return world.invoke(form === 'action' ? lambdaAction(told) : eventBridge(told))
            }),
          )
          // Contained when the first hop answers, not when the state machine comes to it.
          if (round.some(({ state }) => state === 'ALARM')) expect(await world.flag()).toBe('false')
          const started = new Set(outcomes.flat().flatMap(({ execution }) => (execution ? [execution] : [])))
          for (const arn of started) await ended(arn)
          for (const arn of started) executions.add(arn.split(':').at(-1) ?? '')
        }
        // What joined another run has no record of its own.
        const opened = await Promise.all([...executions].map((id) => readIncident(world.objects, id as never)))
        const records = opened.filter((record) => record !== null)
        const incidents = records.map(({ incident }) => incident)
        const joined = (await Promise.all(incidents.map((id) => world.joined(id)))).flat()
        const signals = [...records.map(({ signal }) => signal), ...joined.map(({ request }) => request.signal)]
        expect(signals.map((signal) => signal?.at).toSorted()).toEqual(expectedOf(all.flat(), day))
        expect(records.every(({ path }) => PATHS.indexOf(path) <= PATHS.indexOf('partial'))).toBe(true)
        const mutating = records.filter(({ signal }) => signal?.name === SIGNALS.partial)
        expect(mutating.length).toBeLessThanOrEqual(PER_DAY)
        const kinds = (await Promise.all(incidents.map((id) => world.kinds(id)))).flat()
        for (const kind of ['retire', 'purge', 'snapshot-part']) expect(kinds).not.toContain(kind)
      }),
      { numRuns: ORDERS, ...(process.env.EVENT_SEED ? { seed: Number(process.env.EVENT_SEED) } : {}) },
    )
    // Nobody builds the index again in between, so that all days together drop it once.
    const dropped: string[] = []
    for await (const { key } of world.objects.list(`indexes/${PLAN}/`)) dropped.push(key)
    expect(dropped.length).toBeLessThanOrEqual(1)
  },
  Math.max(600_000, ORDERS * 10_000),
)
