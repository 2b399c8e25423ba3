import { dirname } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { readLooks } from '#core/verify/look.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const MINUTE = 60_000
/** A check that nothing asks by itself. */
const AGAIN = '  again: { describe: Again., sql: sql/again.sql, expect: { value: 1 }, after: [] }\n'
/** The plan has no echo, and the report says so beside the checks. */
const DELIVERY = { name: 'delivery of SEARCH', status: 'unknown' }
const Looked = z.object({
  changed: z.literal(false),
  watching: z.object({
    verdict: z.enum(['watching', 'recovered', 'worse', 'unknown']),
    waitSeconds: z.number(),
    detail: z.string(),
    next: z.string().nullable(),
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
      'plan.yaml': watch === null ? edited() : edited(['contacts:\n', `${AGAIN}watch: ${watch}\ncontacts:\n`]),
      'sql/answers.sql': 'select answer from public.health;\n',
      'sql/again.sql': 'select 1 as answer;\n',
    })
    let looks = 0
    const stack = await startStack({
      environment: 'test',
      database: { url: db.url },
      plansDirectory: dirname(directory),
      watches: 'travel',
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
  /** A look of a watch that began when this was called. */
  const lookWith = (stack: Stack, run: Run) => {
    const since = stack.clock.now().toISOString()
    return async () => {
      const { watching } = Looked.parse(await stack.invoke('watch', { run, input: { after: run.path, since } }))
      return watching
    }
  }

  test('goes on for as long as the plan says, then the system has recovered', async () => {
    const { stack, look } = await start('{ for: 10m, every: 90s }')
    expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 90 })
    for (let minutes = 2; minutes < 10; minutes += 2) {
      stack.clock.travel(2 * MINUTE)
      expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 90 })
    }
    stack.clock.travel(2 * MINUTE)
    expect(await look()).toEqual({ verdict: 'recovered', waitSeconds: 0, detail: '1 of 1 checks pass', next: null })
  })

  test('ends at the first check that fails: it is worse', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    expect((await look()).verdict).toBe('watching')
    await setHealth(0)
    stack.clock.travel(MINUTE)
    expect(await look()).toEqual({
      verdict: 'worse',
      waitSeconds: 0,
      detail: 'answers (fail): "0", not "1"',
      next: 'partial',
    })
  })

  test('goes on while a check cannot be answered, and recovers when it passes in the end', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.clock.travel(5 * MINUTE)
    expect(await whileLocked(look)).toMatchObject({ verdict: 'watching', detail: expect.stringContaining('(unknown)') })
    stack.clock.travel(5 * MINUTE)
    expect((await look()).verdict).toBe('recovered')
  })

  test('that ends without an answer is unknown: neither recovered nor a reason for the next path', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.clock.travel(10 * MINUTE)
    expect(await whileLocked(look)).toMatchObject({
      verdict: 'unknown',
      detail: expect.stringContaining('(unknown)'),
      next: null,
    })
  })

  test('looks less and less often, and asks in each tier what the plan names for it', async () => {
    const tiers = '{ until: 2m, every: 30s }, { until: 10m, every: 4m, checks: [again] }'
    const { stack, run, look } = await start(`{ tiers: [${tiers}] }`)
    expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 30, detail: '1 of 1 checks pass' })
    stack.clock.travel(2 * MINUTE)
    await setHealth(0)
    // The first tier's check would fail now; the second tier asks another one.
    expect(await look()).toMatchObject({ verdict: 'watching', waitSeconds: 240, detail: '1 of 1 checks pass' })
    stack.clock.travel(6 * MINUTE)
    expect((await look()).waitSeconds).toBeLessThanOrEqual(120)
    stack.clock.travel(2 * MINUTE)
    expect(await look()).toMatchObject({ verdict: 'recovered' })
    const looks = await readLooks(stack.objects, run.incident)
    expect(looks.map(({ tier, checks }) => [tier, checks.map(({ name }) => name)])).toEqual([
      [1, ['answers']],
      [2, ['again']],
      [2, ['again']],
      [2, ['again']],
    ])
  })

  test('without a word about it goes on for 30 minutes, in three tiers', async () => {
    const { stack, look } = await start('{}')
    expect(await look()).toMatchObject({ waitSeconds: 30 })
    stack.clock.travel(5 * MINUTE)
    expect(await look()).toMatchObject({ waitSeconds: 60 })
    stack.clock.travel(10 * MINUTE)
    expect(await look()).toMatchObject({ waitSeconds: 300 })
    stack.clock.travel(15 * MINUTE)
    expect(await look()).toMatchObject({ verdict: 'recovered' })
  })

  test('keeps what each look saw', async () => {
    const { stack, run, look } = await start('{ for: 10m, every: 1m }')
    await look()
    await setHealth(0)
    stack.clock.travel(MINUTE)
    await look()
    expect(await readLooks(stack.objects, run.incident)).toMatchObject([
      { status: 'pass', verdict: 'watching', checks: [{ name: 'answers', status: 'pass' }] },
      { status: 'fail', verdict: 'worse', checks: [{ name: 'answers', status: 'fail' }] },
    ])
  })

  test('fails rather than recovers when what it saw cannot be kept', async () => {
    const { stack, look } = await start('{ for: 10m, every: 1m }')
    await look()
    stack.faults.add({ service: 's3', operation: 'PutObject', fault: { status: 403, code: 'AccessDenied' } })
    await expect(look()).rejects.toThrow('Bucket.Denied')
  })

  test('is over at once where the plan asks for none', async () => {
    const { look } = await start(null)
    await setHealth(0)
    expect(await look()).toEqual({
      verdict: 'recovered',
      waitSeconds: 0,
      detail: 'the plan asks for no watching',
      next: null,
    })
  })

  const execute = async (stack: Stack, more: object = {}) => {
    await stack.flags.write('/app/test/SEARCH' as FlagPath, 'true')
    const { arn } = await stack.execute('incident-1', { plan: 'small', path: 'flag', reason: 'a test', ...more })
    return outcomeOf(arn, 'incident-1' as IncidentId, stack)
  }
  const named = (states: readonly { name: string }[], name: string) => states.filter((state) => state.name === name)

  test('in the state machine, a run ends as rolled back when the window is over, and the report has every look', async () => {
    const { stack } = await start('{ for: 10m, every: 1m }')
    const { report, problem, states } = await execute(stack)
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(named(states, 'Watch')).toHaveLength(11)
    expect(named(states, 'Wait and watch')).toHaveLength(10)
    expect(report?.watch).toHaveLength(11)
    expect(report?.checks).toMatchObject([DELIVERY, { name: 'answers', status: 'pass' }])
  })

  test('in the state machine, a run that is told not to watch says so', async () => {
    const { stack } = await start('{ for: 10m, every: 1m }')
    const { report, problem, states } = await execute(stack, { watch: false })
    expect(problem).toBeNull()
    expect(named(states, 'Wait and watch')).toEqual([])
    expect(report?.steps.find(({ kind }) => kind === 'watch')?.detail).toContain('left out')
  })

  test('in the state machine, a run that gets worse needs a human, who reads what to try next, and it stays contained', async () => {
    let broken: Promise<unknown> = Promise.resolve()
    const { stack } = await start('{ for: 10m, every: 1m }', () => {
      broken = setHealth(0)
    })
    const { report, problem } = await execute(stack)
    await broken
    expect(problem).toMatchObject({
      error: 'Watch.Worse',
      text: 'answers (fail): "0", not "1". Proposed: the path partial.',
    })
    expect(report).toMatchObject({ outcome: 'needs-human', problem: { state: 'Watch', error: 'Watch.Worse' } })
    // The newest answer is the one of the watch.
    expect(report?.checks).toMatchObject([DELIVERY, { name: 'answers', status: 'fail' }])
    expect(report?.next[0]).toBe('The system is contained: the flags are at their safe values.')
    expect((await stack.flags.read('/app/test/SEARCH' as FlagPath))?.value).toBe('false')
  })

  test('in the state machine, a database that is lost to the end is unknown, and needs a human', async () => {
    const { stack } = await start('{ for: 10m, every: 1m }', (looks) => {
      if (looks === 1) process.env.DATABASE_URL = 'postgresql://nobody@127.0.0.1:1/nothing'
    })
    const { report, problem } = await execute(stack)
    expect(problem).toMatchObject({ error: 'Watch.Unknown' })
    expect(report?.watch.map(({ status }) => status)).toEqual(['pass', ...Array(10).fill('unknown')])
    expect(report?.outcome).toBe('needs-human')
  })
})
