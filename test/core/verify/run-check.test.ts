import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ssmFlags } from '#aws/flags.ts'
import type { FlagPath } from '#core/names.ts'
import type { Expectation } from '#core/plan/checks.ts'
import { loadPlan } from '#core/plan/load.ts'
import { sql } from '#core/sql/tag.ts'
import { runFlagCheck, runSqlCheck, type Verdict } from '#core/verify/run-check.ts'
import { embedded } from '#local/embedded.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'
import { checkOf, planOf } from './checks.ts'

describe('a check of the database', () => {
  let database: Awaited<ReturnType<typeof embedded>>
  beforeAll(async () => {
    database = await embedded()
    await database.session({ applicationName: 'setup' }, (session) =>
      session.script(`
        create table public.notes (id int primary key, tenant text, body text);
        insert into public.notes values (1, 'a', 'x'), (2, 'a', 'y'), (3, 'b', 'z');
        alter table public.notes enable row level security;
        create policy mine on public.notes using (tenant = 'a');
        create role app; create role stranger;
        grant select on public.notes to app;`),
    )
  })
  afterAll(() => database.close())

  const ask = async (statement: string, expectation: Expectation, as: string | null = null): Promise<Verdict> => {
    const plan = await planOf(statement)
    return database.session({ applicationName: 'check' }, (session) =>
      runSqlCheck(session, plan, checkOf(expectation, as)),
    )
  }
  const status = async (...of: Parameters<typeof ask>) => (await ask(...of)).status

  test.each<[string, Expectation, Verdict['status'], string]>([
    ['select 1 where false', { kind: 'no-rows' }, 'pass', 'no rows'],
    ['select 1', { kind: 'no-rows' }, 'fail', '1 rows where none may be'],
    ['select generate_series(1, 3)', { kind: 'rows', rows: 3 }, 'pass', '3 rows'],
    ['select generate_series(1, 3)', { kind: 'rows', rows: 2 }, 'fail', '3 rows, not 2'],
    ['select 1 where false', { kind: 'rows', rows: 0 }, 'pass', '0 rows'],
    ['select 7', { kind: 'at-least', atLeast: 7 }, 'pass', '7'],
    ['select 7::bigint', { kind: 'at-least', atLeast: 6.5 }, 'pass', '7'],
    ['select 6.5::numeric', { kind: 'at-least', atLeast: 6.5 }, 'pass', '6.5'],
    ['select 6', { kind: 'at-least', atLeast: 7 }, 'fail', '6, not at least 7'],
    ["select 'Infinity'::float8", { kind: 'at-least', atLeast: 7 }, 'pass', 'Infinity'],
    ['select null::int', { kind: 'at-least', atLeast: 0 }, 'fail', 'null, not a number'],
    ["select ''", { kind: 'at-least', atLeast: 0 }, 'fail', '"", not a number'],
    ['select true', { kind: 'at-least', atLeast: 0 }, 'fail', '"true", not a number'],
    ["select 'NaN'::float8", { kind: 'at-least', atLeast: 0 }, 'fail', '"NaN", not a number'],
    ['select array[1]', { kind: 'at-least', atLeast: 0 }, 'fail', '"[1]", not a number'],
    ['select 1 where false', { kind: 'at-least', atLeast: 0 }, 'fail', '0 values, not one'],
    ['select generate_series(7, 9)', { kind: 'at-least', atLeast: 7 }, 'fail', '3 values, not one'],
    ['select 7 as a, 8 as b', { kind: 'at-least', atLeast: 7 }, 'fail', '2 values, not one'],
    ["select 'x'", { kind: 'value', value: 'x' }, 'pass', '"x"'],
    ['select true', { kind: 'value', value: 'true' }, 'pass', '"true"'],
    ['select 0::bigint', { kind: 'value', value: '0' }, 'pass', '"0"'],
    ['select null', { kind: 'value', value: null }, 'pass', 'null'],
    [`select '{"b": [1], "a": 2}'::jsonb`, { kind: 'value', value: '{"a":2,"b":[1]}' }, 'pass', '"{"a":2,"b":[1]}"'],
    ["select 'null'", { kind: 'value', value: null }, 'fail', '"null", not null'],
    ["select 'y'", { kind: 'value', value: 'x' }, 'fail', '"y", not "x"'],
    ['select 1 where false', { kind: 'value', value: null }, 'fail', '0 values, not one'],
    ['select 1 as a, 1 as b', { kind: 'value', value: '1' }, 'fail', '2 values, not one'],
    ['select 1 from public.gone', { kind: 'error', sqlState: '42P01' }, 'pass', '42P01, on a connection that answers'],
    ['select 1', { kind: 'error', sqlState: '42P01' }, 'fail', 'it succeeded with 1 rows where 42P01 is expected'],
  ])('%s: %j is a %s', async (statement, expectation, verdict, detail) => {
    expect(await ask(statement, expectation)).toEqual({ status: verdict, detail })
  })

  test.each([
    'select 1 from public.gone',
    'select gone from public.notes',
    'select 1 / 0',
    'selec 1',
  ])('whose statement fails by what is there is a fail: %s', async (statement) => {
    expect(await status(statement, { kind: 'rows', rows: 1 })).toBe('fail')
  })

  test('that expects one error and meets another is a fail', async () => {
    expect(await status('select 1 / 0', { kind: 'error', sqlState: '42P01' })).toBe('fail')
  })

  test('that the role may not make is unknown, whatever is expected', async () => {
    for (const expectation of [
      { kind: 'rows', rows: 0 },
      { kind: 'error', sqlState: '42P01' },
    ] as const)
      expect(await ask('select 1 from public.notes', expectation, 'stranger')).toMatchObject({
        status: 'unknown',
        detail: expect.stringContaining('42501'),
      })
  })

  test('that expects the refusal of a role passes by it', async () => {
    expect(await status('select 1 from public.notes', { kind: 'error', sqlState: '42501' }, 'stranger')).toBe('pass')
  })

  test.each([
    { kind: 'error', sqlState: '22023' },
    { kind: 'no-rows' },
  ] as const)('as a role that is not there is unknown, also when its own error is expected: %j', async (expectation) => {
    const { status, detail } = await ask('select 1 where false', expectation, 'nobody-knows')
    expect(status).toBe('unknown')
    expect(detail).toMatch(/^It cannot be asked as "nobody-knows": role "nobody-knows" does not exist/)
  })

  test("as the application's role sees the rows that its policies let it see", async () => {
    expect(await status('select id from public.notes', { kind: 'rows', rows: 2 }, 'app')).toBe('pass')
    expect(await status('select id from public.notes', { kind: 'rows', rows: 3 })).toBe('pass')
  })

  test('leaves no role behind for the next one', async () => {
    const plan = await planOf('select current_user::text')
    await database.session({ applicationName: 'check' }, async (session) => {
      const before = await session.query(sql`select current_user::text as name`)
      expect((await runSqlCheck(session, plan, checkOf({ kind: 'value', value: 'app' }, 'app'))).status).toBe('pass')
      expect((await session.query(sql`select current_user::text as name`)).rows).toEqual(before.rows)
    })
  })

  test('cannot write', async () => {
    for (const statement of ["insert into public.notes values (9, 'a', 'x') returning id", 'delete from public.notes'])
      expect(await ask(statement, { kind: 'rows', rows: 1 })).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('25006'),
      })
    expect(await status('select id from public.notes', { kind: 'rows', rows: 3 })).toBe('pass')
  })

  test('whose file the plan does not have is unknown', async () => {
    const plan = await loadPlan(await planFolder())
    const verdict = await database.session({ applicationName: 'check' }, (session) =>
      runSqlCheck(session, plan, checkOf({ kind: 'no-rows' })),
    )
    expect(verdict).toEqual({ status: 'unknown', detail: 'The plan has no file "sql/check.sql".' })
  })
})

describe('a check of a flag', () => {
  const open = async () => {
    const { faults } = await host(ssmService({ directory: await scratch(), clock: realClock }))
    const flags = ssmFlags({ connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 })
    const plan = await loadPlan(await planFolder())
    const ask = (is: 'safe' | 'on') =>
      runFlagCheck(flags, plan, { kind: 'flag', describe: '-', after: [], flag: 'SEARCH', is }, 'prod')
    return { ask, faults, set: (value: string) => flags.write('/app/prod/SEARCH' as FlagPath, value) }
  }

  test('compares the parameter of the environment with the value of the plan', async () => {
    const { ask, set } = await open()
    await set('false')
    expect(await ask('safe')).toEqual({ status: 'pass', detail: '"false", version 1' })
    expect(await ask('on')).toEqual({ status: 'fail', detail: '"false", not "true"' })
    await set('FALSE')
    expect(await ask('safe')).toEqual({ status: 'fail', detail: '"FALSE", not "false"' })
  })

  test('fails when the parameter is not there', async () => {
    const { ask } = await open()
    expect(await ask('safe')).toEqual({ status: 'fail', detail: 'the parameter does not exist, not "false"' })
  })

  test('is unknown when the parameter store does not answer', async () => {
    const { ask, set, faults } = await open()
    await set('false')
    faults.down('ssm')
    expect(await ask('safe')).toMatchObject({ status: 'unknown', detail: expect.stringContaining('/app/prod/SEARCH') })
  })
})
