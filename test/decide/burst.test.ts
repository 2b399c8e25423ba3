import { cp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readRequest } from '#core/approval/approval.ts'
import { readDecisions } from '#core/decide/record.ts'
import { readIncident } from '#core/incident/incident.ts'
import { readJoined } from '#core/incident/joined.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { startStack } from '#local/stack.ts'
import { eventBridge, lambdaAction } from '#test/core/decide/alarm-events.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'

/** As many as a test may take; `BURST_EVENTS=1000 vitest run test/decide/burst.test.ts` for a bad night. */
const EVENTS = Number(process.env.BURST_EVENTS ?? 20)
/** Calls of the function at once: what Lambda does not run now it runs a moment later, and loses none. */
const AT_ONCE = 50
const PLANS = ['small', 'other']
/** Nobody listens there: the burst is over before anybody has looked at the database. */
const NOBODY = 'postgresql://nobody@127.0.0.1:1/nothing'

const alarms = Array.from({ length: EVENTS }, (_, i) => `search-alarm-${i + 1}`)
const atOf = (i: number): string => new Date(Date.UTC(2026, 10, 21, 3) + i * 10).toISOString()

/** Two plans that name the same alarms; what they do about them waits for people. */
const twoPlans = async (): Promise<string> => {
  const text = edited(['  slow:\n', `  slow:\n    alarm: [${alarms.join(', ')}]\n`])
  const small = await planFolder({ 'plan.yaml': text })
  const other = join(dirname(small), 'other')
  await cp(small, other, { recursive: true })
  await writeFile(
    join(other, 'plan.yaml'),
    text.replace('name: small', 'name: other').replace('/app/{env}/SEARCH', '/app/{env}/OTHER'),
  )
  return dirname(small)
}

test(
  `of ${EVENTS} events in a burst nothing is lost: contained by the first answer, each in one incident, one incident of a plan`,
  async () => {
    const stack = await startStack({
      environment: 'test',
      plansDirectory: await twoPlans(),
      database: { url: NOBODY },
      approvers: () => null,
    })
    onTestFinished(() => stack.close())
    const { objects, flags } = stack
    const parameters = ['/app/test/SEARCH', '/app/test/OTHER'] as FlagPath[]
    for (const parameter of parameters) await flags.write(parameter, 'true')

    const executions: string[] = []
    const left = alarms.map((name, i) => {
      const told = { name, timestamp: atOf(i).replace('Z', '+0000') }
      return i % 2 === 0 ? lambdaAction(told) : eventBridge(told)
    })
    const caller = async () => {
      for (let event = left.shift(); event; event = left.shift()) {
        const outcomes = (await stack.invoke('on-alarm', event)) as { plan: string; execution: string }[]
        expect(outcomes.map(({ plan }) => plan).sort()).toEqual(PLANS.toSorted())
        for (const parameter of parameters) expect((await flags.read(parameter))?.value).toBe('false')
        executions.push(...outcomes.map(({ execution }) => execution))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, caller))
    expect(new Set(executions).size).toBe(EVENTS * PLANS.length)

    // The first hop has started them; an incident is opened a moment later.
    const opened = await vi.waitFor(
      async () => {
        const found: { plan: string; incident: IncidentId }[] = []
        for await (const { key } of objects.list('incidents/'))
          if (key.endsWith('/incident.json')) {
            const incident = key.split('/')[1] as IncidentId
            found.push({ plan: (await readIncident(objects, incident))?.plan ?? '', incident })
          }
        expect(found.map(({ plan }) => plan).sort()).toEqual(PLANS.toSorted())
        return found
      },
      { timeout: 30_000, interval: 50 },
    )
    for (const { plan, incident } of opened) {
      const others = executions.filter((arn) => arn.includes(`:${plan}-`) && !arn.endsWith(`:${incident}`))
      for (const arn of others) expect(await stack.waitFor(arn)).toMatchObject({ status: 'SUCCEEDED' })
      const named = [(await readIncident(objects, incident))?.signal?.alarm]
      for (const { request } of await readJoined(objects, incident)) named.push(request.signal?.alarm)
      expect(named.toSorted()).toEqual(alarms.toSorted())
      const decided = await readDecisions(objects, plan, { from: new Date(atOf(0)), to: new Date(atOf(EVENTS)) })
      // What was decided is kept within a few seconds or not at all: nobody waits for the bucket. Nothing is kept twice.
      const kept = decided.map(({ event }) => event.alarm)
      expect(kept.length).toBeGreaterThan(0)
      expect(new Set(kept).size).toBe(kept.length)
      expect(alarms).toEqual(expect.arrayContaining(kept))
      // The run that they have all joined goes on as if nothing had happened: it asks people.
      await vi.waitUntil(() => readRequest(objects, incident, 'proceed'), { timeout: 30_000, interval: 50 })
    }
  },
  Math.max(120_000, EVENTS * 2_000),
)
