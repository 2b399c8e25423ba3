import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import type { IncidentId } from '#core/names.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Objects } from '#core/ports.ts'
import { runSqlCheck } from '#core/verify/run-check.ts'
import { verifyChecks } from '#core/verify/verification.ts'
import { checkOf, planOf } from '#test/core/verify/checks.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { startProxy, type TcpProxy } from '#test/support/tcp-proxy.ts'

const UNDEFINED = { kind: 'error', sqlState: '42P01' } as const

describePostgres('checks against a real server, as an owner that is no superuser', () => {
  let db: TestDatabase
  let other: Client
  let app: string
  let stranger: string
  const proxies: TcpProxy[] = []

  beforeAll(async () => {
    db = await createDatabase()
    app = db.role('app')
    stranger = db.role('stranger')
    other = new Client(db.superuserUrl)
    await other.connect()
    await other.query(`create role ${stranger}`)
    const master = new Client(db.url)
    await master.connect()
    await master.query(`
      create role ${app}; grant ${app} to current_user;
      create schema s; grant usage on schema s to ${app};
      create table s.notes (id int, tenant text); create table s.hidden (id int);
      insert into s.notes values (1, 'a'), (2, 'a'), (3, 'b');
      alter table s.notes enable row level security;
      create policy mine on s.notes to ${app} using (tenant = 'a');
      grant select on s.notes to ${app}`)
    await master.end()
  })
  afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await other?.end()
    await db?.drop()
  })

  const proxied = async (): Promise<TcpProxy> => {
    const proxy = await startProxy(db.url)
    proxies.push(proxy)
    return proxy
  }
  const ask = async (
    statement: string,
    expectation: Parameters<typeof checkOf>[0],
    {
      as = null,
      url = db.url,
      statementTimeout = 30_000,
    }: { as?: string | null; url?: string; statementTimeout?: number } = {},
  ) => {
    const plan = await planOf(statement)
    return postgres({ url }).session({ applicationName: 'check', statementTimeout }, (session) =>
      runSqlCheck(session, plan, checkOf(expectation, as)),
    )
  }

  test("the application's role sees its own rows only, and the owner all of them", async () => {
    const statement = 'select id from s.notes'
    expect(await ask(statement, { kind: 'rows', rows: 2 }, { as: app })).toMatchObject({ status: 'pass' })
    expect(await ask(statement, { kind: 'rows', rows: 3 })).toMatchObject({ status: 'pass' })
  })

  test('a missing grant is unknown, not a fail (DEF-14)', async () => {
    for (const expectation of [{ kind: 'no-rows' }, { kind: 'at-least', atLeast: 1 }, UNDEFINED] as const)
      expect(await ask('select id from s.hidden', expectation, { as: app })).toMatchObject({
        status: 'unknown',
        detail: expect.stringContaining('hidden'),
      })
  })

  test('a role that we may not become is unknown, also where the refusal of a role is what is expected', async () => {
    for (const expectation of [{ kind: 'error', sqlState: '42501' }, { kind: 'no-rows' }, UNDEFINED] as const)
      expect(await ask('select id from s.hidden', expectation, { as: stranger })).toMatchObject({
        status: 'unknown',
        detail: expect.stringContaining(`cannot be asked as "${stranger}"`),
      })
  })

  test('a statement that ran out of time is unknown, whatever is expected', async () => {
    for (const expectation of [{ kind: 'rows', rows: 1 }, UNDEFINED] as const)
      expect(await ask('select pg_catalog.pg_sleep(60)', expectation, { statementTimeout: 100 })).toMatchObject({
        status: 'unknown',
        detail: expect.stringContaining('57014'),
      })
  })

  test('a lock that somebody else holds is unknown', async () => {
    await other.query('begin; lock table s.notes in access exclusive mode')
    try {
      expect(await ask('select id from s.notes', { kind: 'no-rows' })).toMatchObject({
        status: 'unknown',
        detail: expect.stringContaining('55P03'),
      })
    } finally {
      await other.query('rollback')
    }
  })

  test('a connection that the server ends is unknown, also where that very error is expected', async () => {
    const statement = 'select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())'
    for (const expectation of [
      { kind: 'rows', rows: 1 },
      { kind: 'error', sqlState: '57P01' },
    ] as const)
      expect((await ask(statement, expectation)).status).toBe('unknown')
  })

  test('a connection that is lost before the answer is unknown', async () => {
    const proxy = await proxied()
    proxy.cutAfter('needle')
    for (const expectation of [{ kind: 'no-rows' }, UNDEFINED] as const)
      expect((await ask("select 'needle' where false", expectation, { url: proxy.url })).status).toBe('unknown')
  })

  test('an expected error on a connection that does not answer afterwards is unknown (DEF-14)', async () => {
    const statement = 'select 1 from s.gone'
    const proxy = await proxied()
    expect(await ask(statement, UNDEFINED, { url: proxy.url })).toMatchObject({ status: 'pass' })
    proxy.cutAfter('as alive')
    expect(await ask(statement, UNDEFINED, { url: proxy.url })).toMatchObject({ status: 'unknown' })
  })

  test('after the connection is lost, every check that was still to come is unknown', async () => {
    const killer = 'select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())'
    const plan = await planOf('select 1')
    const check = (file: string): PlanCheck => ({ ...checkOf({ kind: 'value', value: '1' }), file })
    const own = {
      ...plan,
      sql: { ...plan.sql, 'one.sql': 'select 1', 'killer.sql': killer },
      checks: { before: check('one.sql'), killer: check('killer.sql'), after: check('one.sql') },
    }
    const run: Run = {
      plan: own.name,
      planDigest: own.digest,
      incident: 'incident-1' as IncidentId,
      execution: 'arn',
      epoch: 1,
      path: 'flag',
      drill: false,
    }
    const verification = await verifyChecks(run, own, Object.keys(own.checks), null, {
      database: postgres({ url: db.url }),
      objects: {} as Objects,
      clock: realClock,
      signal: new AbortController().signal,
    })
    expect(verification.status).toBe('unknown')
    expect(verification.checks.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'before: pass',
      'killer: unknown',
      'after: unknown',
    ])
  })
})
