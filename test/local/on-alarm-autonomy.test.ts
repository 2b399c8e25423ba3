import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { recordChange } from '#core/decide/change.ts'
import { recordDrill } from '#core/decide/drill.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { type DecisionRecord, readDecisions } from '#core/decide/record.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import type { Autonomy } from '#core/plan/autonomy.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import type { Approver } from '#local/answers.ts'
import { embedded } from '#local/embedded.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, type StackOptions, startStack } from '#local/stack.ts'
import { eventBridge, lambdaAction, type Told } from '#test/core/decide/alarm-events.ts'
import { playApplication } from '#test/support/application.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

/** Of the plan: critical, contained immediately, path partial, nobody asked. */
const PARTIAL = 'cpu-high'
const AT = '2026-11-21T03:00:00.123Z'
const DAY = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z') }
/** The first contact of the plan. */
const ONCALL: Approver = { role: 'on-call', name: 'Ann' }

const told = (signal: string) => ({ name: `vector-rollback-test-${PLAN}-${signal}` })
const alarm = (signal: string, form: (told: Told) => unknown = lambdaAction) => form(told(signal))

/** The plan with a window for changes, which it does not have itself. */
const planWithWindow = async (): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-window-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  await cp(PLAN_FOLDER, join(parent, PLAN), { recursive: true })
  const file = join(parent, PLAN, 'plan.yaml')
  await writeFile(file, `${await readFile(file, 'utf8')}\nchange: { window: 2h }\n`)
  return parent
}

let database: Awaited<ReturnType<typeof embedded>>
let stack: Stack
let approvers: readonly Approver[]

const start = async (autonomy: Autonomy, options: Partial<StackOptions> = {}): Promise<void> => {
  stack = await startStack({
    environment: 'test',
    autonomy,
    database: { embedded: database },
    approvers: () => approvers,
    ...options,
  })
  await stack.flags.write(FLAG as FlagPath, 'true')
  await playApplication(stack, database)
}
const invoke = async (event: unknown) => (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
const flag = async () => (await stack.flags.read(FLAG as FlagPath))?.value
const decisions = (): Promise<DecisionRecord[]> => readDecisions(stack.objects, PLAN, DAY)
const ended = async (outcome: AlarmOutcome | undefined) => {
  const arn = outcome?.execution ?? ''
  await stack.waitFor(arn)
  return outcomeOf(arn, (arn.split(':').at(-1) ?? '') as IncidentId, stack)
}
const names = ({ states }: Awaited<ReturnType<typeof ended>>) => states.map(({ name }) => name)

beforeEach(async () => {
  approvers = []
  database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
})
afterEach(async () => {
  await stack?.close()
  await database?.close()
})

describe('where the environment observes', () => {
  test('nothing is changed; people are told once what would be done, and the decision is kept', async () => {
    await start('observe')
    const event = alarm(PARTIAL)
    expect(await invoke(event)).toMatchObject([{ action: 'observed', contained: null, execution: null }])
    expect(await flag()).toBe('true')
    const [message, ...others] = stack.messages()
    expect(others).toEqual([])
    expect(message).toMatchObject({ subject: `${PLAN} test: ${PARTIAL} (critical) would lead to the path partial` })
    expect(JSON.stringify(message)).toContain(`sets ${FLAG} to \\"false\\"; then takes the path partial: drop-indexes`)
    expect(await decisions()).toMatchObject([
      {
        event: { alarm: `vector-rollback-test-${PLAN}-${PARTIAL}`, state: 'ALARM', at: AT },
        signal: PARTIAL,
        severity: 'critical',
        path: 'partial',
        autonomy: { environment: 'observe', effective: 'observe', would: 'act' },
        done: { action: 'observed', contained: null, execution: null, told: expect.any(String) },
      },
    ])
    // Another copy, by the other way.
    await invoke(alarm(PARTIAL, eventBridge))
    expect(stack.messages()).toHaveLength(1)
    expect(await decisions()).toHaveLength(1)
  })

  test('people are told although the bucket is down, and told again when a message could not be sent', async () => {
    await start('observe')
    stack.faults.down('s3')
    await invoke(alarm(PARTIAL))
    stack.faults.up('s3')
    expect(stack.messages()).toHaveLength(1)
    stack.faults.down('sns')
    await expect(invoke(alarm('cpu-high', eventBridge))).rejects.toThrow('Notification.NotDelivered')
    stack.faults.up('sns')
    await invoke(alarm(PARTIAL))
    expect(stack.messages()).toHaveLength(2)
  })
})

describe('where the environment proposes', () => {
  test('nothing is changed until a person says yes: containment waits, too', async () => {
    await start('propose')
    approvers = [ONCALL]
    const [outcome] = await invoke(alarm(PARTIAL))
    expect(outcome).toMatchObject({ action: 'started', contained: null, detail: `${PARTIAL}: partial (proposed)` })
    const run = await ended(outcome)
    expect(run.report).toMatchObject({ outcome: 'rolled-back', path: 'partial' })
    const visited = names(run)
    expect(visited).not.toContain('Contain')
    expect(visited.indexOf('Ask to go on')).toBeLessThan(visited.indexOf('Contain as approved'))
    expect(visited.indexOf('Contain as approved')).toBeLessThan(visited.indexOf('Run the steps'))
    expect(await flag()).toBe('false')
    expect(run.report?.seconds.contained).not.toBeNull()
    expect(JSON.stringify(stack.messages())).toContain('not switched: they wait for an answer')
  })

  test('a no leaves everything as it was, and says so', async () => {
    await start('propose')
    approvers = [{ ...ONCALL, decision: 'denied' }]
    const [outcome] = await invoke(alarm(PARTIAL))
    const run = await ended(outcome)
    expect(run.problem).toMatchObject({
      error: 'Approval.Denied',
      text: 'The proposal was denied. Nothing was changed.',
    })
    expect(await flag()).toBe('true')
    expect(names(run)).not.toContain('Run the steps')
    expect(run.report?.next[0]).toMatch(/^The system is not contained: nothing was changed without an answer\./)
  })

  test('the flag path, which has nothing after containment, waits as well', async () => {
    await start('propose')
    const [outcome] = await invoke(alarm('connection-failures'))
    const run = await ended(outcome)
    expect(run.problem?.error).toBe('Approval.Missing')
    expect(await flag()).toBe('true')
  })
})

describe('where the environment contains', () => {
  test('the flag is off at once, and the path waits for a person', async () => {
    await start('contain')
    const [outcome] = await invoke(alarm(PARTIAL))
    expect(outcome).toMatchObject({ action: 'started', contained: { changed: true } })
    const run = await ended(outcome)
    expect(await flag()).toBe('false')
    expect(run.problem?.error).toBe('Approval.Missing')
    expect(names(run)).not.toContain('Run the steps')
  })

  test('the path follows a yes', async () => {
    await start('contain')
    approvers = [ONCALL]
    const [outcome] = await invoke(alarm(PARTIAL))
    const run = await ended(outcome)
    expect(run.report?.outcome).toBe('rolled-back')
    expect(names(run).indexOf('Ask to go on')).toBeLessThan(names(run).indexOf('Run the steps'))
  })

  test('a run that a person starts asks nobody: the person decided', async () => {
    await start('observe')
    const { arn } = await stack.execute('by-hand', { plan: PLAN, path: 'partial', reason: 'a person' })
    const run = await outcomeOf(arn, 'by-hand' as IncidentId, stack)
    expect(run.report?.outcome).toBe('rolled-back')
    expect(names(run)).not.toContain('Ask to go on')
  })
})

describe('where the environment acts', () => {
  test('the path is taken by itself', async () => {
    await start('act')
    const [outcome] = await invoke(alarm(PARTIAL))
    const run = await ended(outcome)
    expect(run.report).toMatchObject({ outcome: 'rolled-back', path: 'partial' })
    expect(names(run)).not.toContain('Ask to go on')
    expect(await decisions()).toMatchObject([
      { autonomy: { effective: 'act', why: [] }, drill: { passed: 'yes' }, done: { action: 'started' } },
    ])
  })

  test('it only contains as long as the path was not drilled, until a drill has passed', async () => {
    await start('act', { drilled: false })
    const [outcome] = await invoke(alarm(PARTIAL))
    expect((await ended(outcome)).problem?.error).toBe('Approval.Missing')
    expect(await flag()).toBe('false')
    const [decided] = await decisions()
    expect(decided).toMatchObject({ autonomy: { environment: 'act', effective: 'contain' }, drill: { passed: 'no' } })
    expect(decided?.autonomy?.why.join()).toContain('no drill is recorded')
    const drill = await stack.execute('a-drill', { plan: PLAN, path: 'partial', reason: 'practice', drill: true })
    expect(drill.status).toBe('SUCCEEDED')
    await stack.flags.write(FLAG as FlagPath, 'true')
    const [next] = await invoke(lambdaAction({ ...told(PARTIAL), timestamp: '2026-11-21T04:00:00.000+0000' }))
    expect((await ended(next)).report?.outcome).toBe('rolled-back')
  })

  test('a drill of another path proves nothing about this one', async () => {
    await start('act', { drilled: false })
    const drill = {
      plan: PLAN,
      planDigest: '',
      path: 'full',
      outcome: 'drill-passed',
      environment: 'test',
      incident: 'i',
    } as const
    await recordDrill(stack.objects, { ...drill, createdAt: stack.clock.now().toISOString() })
    const [outcome] = await invoke(alarm(PARTIAL))
    expect((await ended(outcome)).problem?.error).toBe('Approval.Missing')
  })

  test('without a change in the window it contains and asks; with one it goes on', async () => {
    await start('act', { plansDirectory: await planWithWindow() })
    await recordChange(stack.objects, {
      plan: PLAN,
      kind: 'flag',
      reference: 'long ago',
      at: '2026-11-21T01:00:00.122Z',
    })
    await recordChange(stack.objects, {
      plan: 'other',
      kind: 'flag',
      reference: 'of another',
      at: '2026-11-21T02:50:00.000Z',
    })
    const [outcome] = await invoke(alarm(PARTIAL))
    expect((await ended(outcome)).problem?.error).toBe('Approval.Missing')
    expect(await flag()).toBe('false')
    expect(await decisions()).toMatchObject([
      { autonomy: { effective: 'contain' }, change: { recent: 'no', last: null } },
    ])
    const detail = { environment: 'test', plan: 'all', kind: 'deployment', reference: 'v1.42.0' }
    const change = { 'detail-type': 'vector-rollback change', source: 'ci', time: '2026-11-21T03:30:00Z', detail }
    expect(await invoke(change)).toMatchObject([{ action: 'noted', plan: 'all' }])
    // Past the cooldown.
    stack.clock.travel(3_600_000)
    const [next] = await invoke(lambdaAction({ ...told(PARTIAL), timestamp: '2026-11-21T04:00:00.000+0000' }))
    expect((await ended(next)).report?.outcome).toBe('rolled-back')
    expect((await decisions())[1]).toMatchObject({
      autonomy: { effective: 'act' },
      change: { recent: 'yes', last: { kind: 'deployment', reference: 'v1.42.0', at: '2026-11-21T03:30:00.000Z' } },
    })
  })

  test.each([
    ['is refused', { status: 403, code: 'AccessDenied' }],
    ['is never answered', { blackHole: true }],
  ] as const)('what the bucket knows and %s is no leave to go on: the flag is off at once, and the rest asks', async (_, fault) => {
    await start('act')
    stack.faults.add({ service: 's3', operation: 'GetObject', key: /^drills/, fault })
    const [outcome] = await invoke(alarm(PARTIAL))
    expect(outcome).toMatchObject({ action: 'started', contained: { changed: true } })
    expect((await ended(outcome)).problem?.error).toBe('Approval.Missing')
    expect(await decisions()).toMatchObject([{ autonomy: { effective: 'contain' }, drill: { passed: 'unknown' } }])
  })

  test('it contains and starts the machine while the bucket is down', async () => {
    await start('act', { plansDirectory: await planWithWindow() })
    stack.faults.down('s3')
    const [outcome] = await invoke(alarm(PARTIAL))
    expect(outcome).toMatchObject({ action: 'started', contained: { changed: true } })
    expect(await flag()).toBe('false')
    stack.faults.up('s3')
    await stack.waitFor(outcome?.execution ?? '')
  })
})

test.each([
  'OK',
  'INSUFFICIENT_DATA',
] as const)('an alarm that is %s is kept, once, and rolls nothing back', async (value) => {
  await start('act')
  for (const form of [lambdaAction, eventBridge]) await invoke(form({ ...told(PARTIAL), value }))
  expect(await decisions()).toMatchObject([
    { event: { state: value }, signal: PARTIAL, row: null, autonomy: null, done: { action: 'none' } },
  ])
  expect(await flag()).toBe('true')
})
