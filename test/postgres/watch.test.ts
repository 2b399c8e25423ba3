import { dirname } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const MINUTE = 60_000
const Looked = z.object({
  changed: z.literal(false),
  watching: z.object({
    verdict: z.enum(['watching', 'recovered', 'worse']),
    waitSeconds: z.number(),
    detail: z.string(),
  }),
})

describePostgres('watching after a path', () => {
  let db: TestDatabase
  let admin: Client

  beforeAll(async () => {
    db = await createDatabase()
    admin = new Client(db.superuserUrl)
    await admin.connect()
    await admin.query('create table public.health (answer int); grant select on public.health to public')
  })
  beforeEach(async () => {
    await admin.query('truncate public.health; insert into public.health values (1)')
  })
  afterAll(async () => {
    await admin?.end()
    await db?.drop()
  })

  const setHealth = (answer: number) => admin.query('update public.health set answer = $1', [answer])
  /** While it runs, the check cannot be answered. */
  const whileLocked = async <T>(work: () => Promise<T>): Promise<T> => {
    await admin.query('begin; lock table public.health in access exclusive mode')
    try {
      return await work()
    } finally {
      await admin.query('commit')
    }
  }
  /** The small plan, watching for that long; `null` is without a watch. */
  const start = async (watch: string | null, onWatch: (looks: number) => void = () => {}) => {
    const directory = await planFolder({
      'plan.yaml': watch === null ? edited() : edited(['contacts:\n', `watch: ${watch}\ncontacts:\n`]),
      'sql/answers.sql': 'select answer from public.health;\n',
    })
    let looks = 0
    const stack = await startStack({
      environment: 'test',
      database: { url: db.url },
      plansDirectory: dirname(directory),
      onEvent: ({ type, ...event }) => {
        if (type === 'TaskStateExited' && JSON.stringify(event).includes('"Watch"')) onWatch(++looks)
      },
    })
    onTestFinished(() => stack.close())
    const { name, digest } = await loadPlan(directory)
    const run: Run = {
      plan: name,
      planDigest: digest,
      incident: 'incident-1' as IncidentId,
      execution: 'arn',
      epoch: 1,
      path: 'flag',
      drill: false,
    }
    return { stack, run, look: lookWith(stack, run) }
  }
  const lookWith = (stack: Stack, run: Run) => async () => {
    const { watching } = Looked.parse(await stack.invoke('watch', { run, input: { after: run.path } }))
    return watching
  }
  const verifyOnce = (stack: Stack, run: Run) => stack.invoke('verify', { run, input: { after: 'flag' } })

  test('goes on for as long as the plan says, then the system has recovered', async () => {
    const { stack, look } = await start('{ for: 10m, every: 90s }')
    expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 90 })
    for (let minutes = 2; minutes < 10; minutes += 2) {
      stack.clock.travel(2 * MINUTE)
      expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 90 })
    }
    stack.clock.travel(2 * MINUTE)
    expect(await look()).toEqual({ verdict: 'recovered', waitSeconds: 0, detail: '1 of 1 checks pass' })
  })

  test('ends at the first check that fails: it is worse', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    expect((await look()).verdict).toBe('watching')
    await setHealth(0)
    stack.clock.travel(MINUTE)
    expect(await look()).toEqual({ verdict: 'worse', waitSeconds: 0, detail: 'answers (fail): "0", not "1"' })
  })

  test('goes on while a check cannot be answered, and recovers when it passes in the end', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.clock.travel(5 * MINUTE)
    expect(await whileLocked(look)).toMatchObject({ verdict: 'watching', detail: expect.stringContaining('(unknown)') })
    stack.clock.travel(5 * MINUTE)
    expect((await look()).verdict).toBe('recovered')
  })

  test('that ends without an answer is worse: unknown is not recovered', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.clock.travel(10 * MINUTE)
    expect(await whileLocked(look)).toMatchObject({ verdict: 'worse', detail: expect.stringContaining('(unknown)') })
  })

  test('begins anew when a person had the path tried again', async () => {
    const { stack, run, look } = await start('{ for: 10m, every: 1m }')
    await verifyOnce(stack, run)
    await look()
    stack.clock.travel(5 * MINUTE)
    await setHealth(0)
    expect((await look()).verdict).toBe('worse')
    await setHealth(1)
    stack.clock.travel(60 * MINUTE)
    await verifyOnce(stack, run)
    stack.clock.travel(1)
    expect((await look()).verdict).toBe('watching')
    stack.clock.travel(9 * MINUTE)
    expect((await look()).verdict).toBe('watching')
    stack.clock.travel(MINUTE)
    expect((await look()).verdict).toBe('recovered')
  })

  test('fails rather than recovers when its own record cannot be read', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.faults.add({ service: 's3', operation: 'ListObjectsV2', fault: { status: 403, code: 'AccessDenied' } })
    await expect(look()).rejects.toThrow('Bucket.Denied')
  })

  test('is over at once where the plan asks for none', async () => {
    const { look } = await start(null)
    await setHealth(0)
    expect(await look()).toEqual({ verdict: 'recovered', waitSeconds: 0, detail: 'the plan asks for no watching' })
  })

  const execute = async (stack: Stack) => {
    await stack.flags.write('/app/test/SEARCH' as FlagPath, 'true')
    const { arn } = await stack.execute('incident-1', { plan: 'small', path: 'flag', reason: 'a test' })
    return outcomeOf(arn, 'incident-1' as IncidentId, stack)
  }

  test('in the state machine, a run ends as rolled back when the window is over', async () => {
    const { stack } = await start('{ for: 1s, every: 1s }')
    const { report, problem, states } = await execute(stack)
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(states.filter(({ name }) => name === 'Watch').length).toBeGreaterThan(1)
    expect(states.map(({ name }) => name)).toContain('Wait and watch')
  })

  test('in the state machine, a run that gets worse needs a human, and the system stays contained', async () => {
    let broken: Promise<unknown> = Promise.resolve()
    const { stack } = await start('{ for: 10m, every: 1s }', () => {
      broken = setHealth(0)
    })
    const { report, problem } = await execute(stack)
    await broken
    expect(problem).toMatchObject({ error: 'Watch.Worse', text: 'answers (fail): "0", not "1"' })
    expect(report).toMatchObject({ outcome: 'needs-human', problem: { state: 'Watch', error: 'Watch.Worse' } })
    expect(report?.next[0]).toBe('The system is contained: the flags are at their safe values.')
    expect((await stack.flags.read('/app/test/SEARCH' as FlagPath))?.value).toBe('false')
  })
})
