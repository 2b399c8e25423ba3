import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Clock, Database } from '#core/ports.ts'
import { proveDelivery } from '#core/verify/delivery.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, PLAN, PLAN_FOLDER, startWorld, type World } from '#test/support/paths.ts'

const CHECK = 'delivery of VECTOR_SEARCH_ENABLED'
const ECHO = 'select consumer, value from public.flag_echo order by consumer'

/** A copy of the plan whose flag has an echo, read as the application, and half a second to be obeyed. */
const planWithEcho = async (): Promise<string> => {
  const plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
  const file = join(plans, PLAN, 'plan.yaml')
  const text = await readFile(file, 'utf8')
  const before = 'delivery: poll\n    within: 15s\n    echo: { http: { service: search, path: /api/feature-flags } }\n'
  if (!text.includes(before)) throw new Error(`"${before}" is not in ${file}`)
  const echo = 'echo: { sql: sql/flag-echo.sql, as: pgvector_search_app }'
  await writeFile(file, text.replace(before, `delivery: poll\n    within: 500ms\n    ${echo}\n`))
  await writeFile(join(plans, PLAN, 'sql', 'flag-echo.sql'), ECHO)
  return plans
}

describePostgres('delivery of containment', () => {
  let world: World
  let plans: string
  let plan: Plan
  beforeAll(async () => {
    plans = await planWithEcho()
    plan = await loadPlan(join(plans, PLAN))
    world = await startWorld({ rows: 20, plansDirectory: plans })
    await world.query('create table public.flag_echo (consumer text primary key, value text)')
    await world.query('grant select on public.flag_echo to pgvector_search_app')
  })
  beforeEach(async () => {
    await world.stack.flags.write(FLAG as never, 'true')
    await world.query('truncate public.flag_echo')
  })
  afterAll(async () => {
    await world?.close()
    await rm(plans, { recursive: true, force: true })
  })

  const say = (consumer: string, value: string) =>
    world.query(`insert into public.flag_echo values ('${consumer}', '${value}')
      on conflict (consumer) do update set value = excluded.value`)
  const told = () => world.stack.messages().filter(({ subject }) => subject?.includes('do not obey'))

  test('is a check of the report when every consumer obeys', async () => {
    await say('web-1', 'false')
    const { report, problem } = await world.run('flag')
    expect(problem).toBeNull()
    expect(report?.checks).toContainEqual({
      name: CHECK,
      status: 'pass',
      detail: '1 of 1 consumers obey "false"',
      describe: 'The application obeys "false", 500ms after the flag was set.',
    })
    expect(told()).toEqual([])
  })

  test('names who has not followed to people and in the report, and the path goes on', async () => {
    await say('web-1', 'false')
    await say('web-2', 'true')
    const { report, problem } = await world.run('flag')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    const check = report?.checks.find(({ name }) => name === CHECK)
    expect(check).toMatchObject({ status: 'fail', detail: expect.stringContaining('web-2 sees "true"') })
    expect(check?.detail).not.toContain('web-1')
    expect(told()).toHaveLength(1)
    expect(told()[0]?.message).toContain('web-2 sees')
  })

  test('is unknown when the echo cannot be asked, which stops nothing', async () => {
    await world.query('alter table public.flag_echo rename to hidden')
    const { report, problem } = await world.run('flag')
    await world.query('alter table public.hidden rename to flag_echo')
    expect(problem).toBeNull()
    expect(report?.checks.find(({ name }) => name === CHECK)).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('flag_echo'),
    })
  })

  describe('is waited for', () => {
    const run: Run = {
      ...{ plan: PLAN, planDigest: '', incident: 'x', execution: 'x' },
      ...{ epoch: 1, path: 'flag', drill: false },
    } as unknown as Run
    const AT = Date.parse('2026-11-21T03:00:00Z')
    let now = AT
    let pauses = 0
    afterEach(() => {
      now = AT
      pauses = 0
    })
    /** A clock that goes on by its own pauses, and what happens in them. */
    const clock = (during: () => Promise<unknown>): Clock => ({
      now: () => new Date(now),
      sleep: async (milliseconds) => {
        now += milliseconds
        pauses += 1
        await during()
      },
    })
    let open = 0
    const counted = (database: Database): Database => ({
      ...database,
      session: async (settings, work) => {
        open += 1
        try {
          return await database.session(settings, work)
        } finally {
          open -= 1
        }
      },
    })
    const prove = (within: number, during: () => Promise<unknown>, remaining = () => 60_000) => {
      const flag = plan.flags.VECTOR_SEARCH_ENABLED
      if (!flag) throw new Error('the plan has this flag')
      const patient = { ...plan, flags: { VECTOR_SEARCH_ENABLED: { ...flag, within: within as typeof flag.within } } }
      return proveDelivery(
        { ...run, planDigest: plan.digest },
        patient,
        { at: AT, versions: new Map() },
        {
          database: counted(postgres({ url: world.db.url })),
          clock: clock(during),
          signal: new AbortController().signal,
          remaining,
        },
      )
    }

    test('until the last consumer has followed (DEF-72)', async () => {
      await say('web-1', 'true')
      const [check] = await prove(15_000, async () => {
        if (pauses === 3) await say('web-1', 'false')
      })
      expect(check?.status).toBe('pass')
      expect(pauses).toBe(3)
    })

    test('with no session held meanwhile: where there is one for all, those who are waited for need it', async () => {
      await say('web-1', 'true')
      const held: number[] = []
      await prove(2_000, async () => held.push(open))
      expect(held).toEqual([0, 0, 0, 0])
    })

    test('for as long as the plan gives the application, and no longer', async () => {
      await say('web-1', 'true')
      const [check] = await prove(15_000, async () => undefined)
      expect(check?.status).toBe('fail')
      expect(now - AT).toBe(15_000)
    })

    test('not beyond the time of its function', async () => {
      await say('web-1', 'true')
      const [check] = await prove(
        3_600_000,
        async () => undefined,
        () => 20_000 - (now - AT),
      )
      expect(check?.status).toBe('fail')
      expect(now - AT).toBe(10_000)
    })

    test('not at all when the time was over before: one look', async () => {
      now = AT + 60_000
      await say('web-1', 'false')
      const [check] = await prove(15_000, async () => undefined)
      expect(check?.status).toBe('pass')
      expect(pauses).toBe(0)
    })

    test('by nobody when the database is down: unknown, at once', async () => {
      const [check] = await proveDelivery(
        { ...run, planDigest: plan.digest },
        plan,
        { at: AT, versions: new Map() },
        {
          database: postgres({ url: 'postgresql://nobody@127.0.0.1:1/none' }),
          ...{ clock: realClock, signal: new AbortController().signal, remaining: () => 60_000 },
        },
      )
      expect(check).toMatchObject({ status: 'unknown', detail: expect.stringContaining('ECONNREFUSED') })
    })
  })
})
