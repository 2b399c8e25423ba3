import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { drillAws } from '#cli/drill-aws.ts'
import { readRequest } from '#core/approval/approval.ts'
import { hearAlarm } from '#core/decide/alarms.ts'
import { asksFirst, rolesToAsk } from '#core/decide/ask.ts'
import { recordChange } from '#core/decide/change.ts'
import { alarmName } from '#core/decide/decide.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { readDecisions } from '#core/decide/record.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { IncidentId } from '#core/names.ts'
import type { Decision } from '#core/plan/decisions.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { type Hours, MINUTES_OF_A_DAY } from '#core/plan/hours.ts'
import { loadPlan, type Plan, resolveFlag } from '#core/plan/load.ts'
import { type Circumstances, chooseRow, containsAtOnce } from '#core/plan/table.ts'
import { printRoute } from '#core/plan/work-of.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { startStandIn } from '#local/stand-in.ts'
import { lambdaAction } from '#test/core/decide/alarm-events.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const ENVIRONMENT = 'test'
const ROWS = 200
/** Past cooldown, cap and window of every plan: yesterday holds nothing back today. */
const DAY = 8 * 24 * 60 * 60_000
const MINUTE = 60_000

interface Case {
  readonly number: number
  readonly row: Decision
  readonly signal: string
}

const casesOf = (plan: Plan): Case[] =>
  plan.decide.flatMap((row, index) => row.when.map((signal) => ({ number: index + 1, row, signal })))

const hourIn = (hours: readonly Hours[] | undefined): number => hours?.[0]?.from ?? 12 * 60

/** What has to be the case for this row to be the one: found by trying, since earlier rows may be more particular. */
const circumstancesOf = (
  plan: Plan,
  { number, row, signal }: Case,
): { change: 'recent' | 'none'; also: string[]; minute: number } => {
  const severity = plan.signals[signal]?.severity ?? 'critical'
  const minutes = [hourIn(row.during), 0, 3 * 60, 12 * 60, 20 * 60].filter((minute) => minute < MINUTES_OF_A_DAY)
  // An alarm acts by itself only where a change explains it, so that this is tried first.
  for (const change of ['recent', 'none'] as const)
    for (const also of [row.also ?? [], []])
      for (const minute of minutes) {
        const at = new Date(minute * MINUTE).toISOString()
        const circumstances: Circumstances = { change: plan.change ? change : 'off', also, at }
        if (chooseRow(plan.decide, { signal, severity }, circumstances)?.number === number)
          return { change, also: [...also], minute }
      }
  throw new Error(`Nothing leads "${signal}" to row ${number} of plan "${plan.name}".`)
}

const title = (plan: Plan, { number, row, signal }: Case): string =>
  [
    `row ${number}: ${signal} (${plan.signals[signal]?.severity}) → ${printRoute(row)}`,
    containsAtOnce(row) ? 'contained at once' : 'not contained by itself',
    ...(row.approve.length > 0 ? [`after ${row.approve.join(' and ')} said yes`] : []),
  ].join(', ')

/** A plan on the data of its fixture, its flags on, and everybody there who may be asked. */
const startDay = async (folder: string, plan: Plan, scenario: string | undefined) => {
  const db: TestDatabase = await createDatabase()
  const fixture = await fixtureOf(folder)
  await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: ROWS, scenario }),
  )
  const people = Object.keys(plan.contacts).map((role) => ({ role, name: `${role} in person` }))
  const stack = await startStack({
    environment: ENVIRONMENT,
    database: { url: db.url },
    plansDirectory: dirname(folder),
    approvers: () => people,
    steps: 'hurry',
  })
  const deploy = await drillAws(stack, plan, ENVIRONMENT)
  const app = await startStandIn(plan, { stack, database: postgres({ url: db.url }), environment: ENVIRONMENT })
  stack.endsWith(() => app.close())
  return {
    stack,
    deploy,
    close: async () => {
      await stack.close()
      await db.drop()
    },
  }
}

const valuesOf = async (stack: Stack, plan: Plan): Promise<Record<string, string | undefined>> => {
  const values: Record<string, string | undefined> = {}
  for (const name of Object.keys(plan.flags))
    values[name] = (await stack.flags.read(resolveFlag(plan, name, ENVIRONMENT)))?.value
  return values
}

const valuesWanted = (plan: Plan, contained: boolean) =>
  Object.fromEntries(
    Object.entries(plan.flags).map(([name, flag]) => [
      name,
      contained && flag.contain === 'always' ? flag.safe : flag.on,
    ]),
  )

/** A new day: the feature is on, and the circumstances are those of the row. Resolves to when its alarm goes off. */
const begin = async (stack: Stack, plan: Plan, one: Case): Promise<string> => {
  const { change, also, minute } = circumstancesOf(plan, one)
  const later = stack.clock.now().getTime() + DAY
  const midnight = later - (later % (MINUTES_OF_A_DAY * MINUTE))
  const at = new Date(midnight + minute * MINUTE)
  stack.clock.travel(at.getTime() - stack.clock.now().getTime())
  for (const [name, flag] of Object.entries(plan.flags))
    await stack.flags.write(resolveFlag(plan, name, ENVIRONMENT), flag.on)
  if (plan.change && change === 'recent')
    await recordChange(stack.objects, {
      plan: plan.name,
      kind: 'deployment',
      reference: 'the deployment of today',
      at: new Date(at.getTime() - MINUTE).toISOString(),
    })
  for (const signal of Object.keys(plan.signals)) {
    const state = also.includes(signal) ? 'ALARM' : 'OK'
    const name = alarmName(plan, signal, ENVIRONMENT)
    if (plan.decide.some((row) => row.also !== undefined))
      await hearAlarm(stack.objects, plan.name, [signal], {
        name,
        state,
        at: new Date(at.getTime() - MINUTE).toISOString(),
        reason: 'today',
      })
  }
  return at.toISOString()
}

const goOff = async (stack: Stack, plan: Plan, signal: string, at: string): Promise<AlarmOutcome> => {
  const told = { name: alarmName(plan, signal, ENVIRONMENT), timestamp: at.replace('Z', '+0000') }
  const outcomes = (await stack.invoke('on-alarm', lambdaAction(told))) as AlarmOutcome[]
  const outcome = outcomes.find((one) => one.plan === plan.name)
  if (!outcome) throw new Error(`Alarm "${told.name}" concerns no plan "${plan.name}".`)
  return outcome
}

/** What a full rollback has put out of reach comes back, so that the next row finds what it is about. */
const bringBack = async (stack: Stack, plan: Plan, incident: string): Promise<void> => {
  const name = `${incident.slice(-20)}-back`
  const { arn } = await stack.execute(name, {
    plan: plan.name,
    path: 'restore',
    reason: 'The day is over.',
    drill: true,
  })
  const { problem } = await outcomeOf(arn, name as IncidentId, stack)
  expect(problem).toBeNull()
}

/** One of those that lead the same way and ask the same people; all of them for a night (`EVERY_ROW=1`). */
const drivenToTheEnd = (cases: readonly Case[]): Case[] =>
  process.env.EVERY_ROW
    ? [...cases]
    : [...Map.groupBy(cases, ({ row }) => JSON.stringify([row.approve, row.autonomy, row.contain])).values()].flatMap(
        (alike) => alike.slice(0, 1),
      )

/**
 * Drives every row of a plan's decision table through the real handlers: an alarm goes off, and the row is the one. Then each way
 * that a row leads is taken to its end by the real state machine, on real PostgreSQL: flags are set when the alarm's function answers,
 * the people of the row are asked, and its path is gone.
 * Rows of one route share a database. `ids`: by signal, what its title ends with: '(PGV-61)'. `except`: routes whose end is
 * driven elsewhere.
 */
export const drivesEveryRow = async (
  folder: string,
  ids: Readonly<Record<string, string>> = {},
  except: readonly string[] = [],
): Promise<void> => {
  const plan = await loadPlan(folder)
  const all = casesOf(plan)
  const titled = (cases: readonly Case[]) =>
    cases.map((one) => [[title(plan, one), ids[one.signal]].join(' ').trimEnd(), one] as const)

  describe(`the decision table of ${plan.name}, where the environment observes`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack({
        environment: ENVIRONMENT,
        autonomy: 'observe',
        database: { url: 'postgresql://nobody@127.0.0.1:1/nothing' },
        plansDirectory: dirname(folder),
      })
    })
    afterAll(() => stack?.close())

    it.each(titled(all))('%s', async (_title, one) => {
      const { row, signal, number } = one
      const at = await begin(stack, plan, one)
      const outcome = await goOff(stack, plan, signal, at)
      expect(outcome).toMatchObject({ action: row.path === 'monitor' ? 'monitor' : 'observed', contained: null })
      const day = { from: new Date(Date.parse(at) - MINUTE), to: new Date(Date.parse(at) + MINUTE) }
      const [record] = (await readDecisions(stack.objects, plan.name, day)).filter((kept) => kept.event.at === at)
      expect(record).toMatchObject({ signal, row: number, path: row.path, autonomy: { effective: 'observe' } })
      expect(await valuesOf(stack, plan)).toEqual(valuesWanted(plan, false))
    })
  })

  const routes = Map.groupBy(all, ({ row }) => printRoute(row))
  describePostgres(`each way of the decision table of ${plan.name}, to its end`, () => {
    for (const [route, cases] of routes) {
      if (route === 'monitor' || except.includes(route)) continue
      describe(route, () => {
        let day: Awaited<ReturnType<typeof startDay>>
        beforeAll(async () => {
          day = await startDay(folder, plan, cases[0]?.row.scenario)
        })
        afterAll(() => day?.close())

        it.each(titled(drivenToTheEnd(cases)))('%s', async (_title, one) => {
          const { stack } = day
          const { row, signal, number } = one
          // What was deployed today goes wrong.
          await day.deploy(row.path === 'monitor' ? 'flag' : row.path)
          const at = await begin(stack, plan, one)
          const outcome = await goOff(stack, plan, signal, at)
          const contained = containsAtOnce(row)
          expect(await valuesOf(stack, plan)).toEqual(valuesWanted(plan, contained))
          expect(outcome).toMatchObject({ action: 'started' })
          const arn = outcome.execution ?? ''
          const incident = (arn.split(':').at(-1) ?? '') as IncidentId
          await stack.waitFor(arn)
          const { report, problem } = await outcomeOf(arn, incident, stack)
          expect(problem).toBeNull()
          expect(report).toMatchObject({ path: row.path, signal: { name: signal } })
          expect(report?.scenario).toBe(row.scenario)
          expect(['rolled-back', 'restored']).toContain(report?.outcome)
          expect(await readIncident(stack.objects, incident)).toMatchObject({ decided: { row: number } })
          expect(report?.seconds.contained).toBeLessThanOrEqual(row.within / 1000)
          expect(report?.steps.map(({ kind }) => kind)).not.toContain('purge')
          const asked = await readRequest(stack.objects, incident, 'proceed')
          const waits = asksFirst(row, row.autonomy ?? 'act')
          expect(asked?.roles ?? null).toEqual(waits ? [...rolesToAsk(plan, row.approve)] : null)
          if (row.path !== 'full') return
          await day.deploy('restore')
          await bringBack(stack, plan, incident)
        })
      })
    }
  })
}
