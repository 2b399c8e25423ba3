import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Clock } from '#core/ports.ts'
import { probeRound, type Round } from '#core/probe/round.ts'
import { type ProbeSignal, planWithSignals } from '#test/core/probe/plans.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'
import { startProxy } from '#test/support/tcp-proxy.ts'

/** Nobody listens on port 1 of loopback. */
const NOBODY = 'postgresql://nobody@127.0.0.1:1/nothing'

interface Options {
  readonly clock?: Clock
  readonly signal?: AbortSignal
  readonly remaining?: () => number
}

const roundOn = (plan: Plan, url: string, options: Options = {}): Promise<Round> =>
  probeRound(plan, {
    database: postgres({ url }),
    clock: realClock,
    signal: new AbortController().signal,
    remaining: () => Number.POSITIVE_INFINITY,
    ...options,
  })

const found = (round: Round, name: string) => round.results.find(({ signal }) => signal === name)

describePostgres('the probes of a plan', () => {
  let db: TestDatabase
  let app: string

  beforeAll(async () => {
    db = await createDatabase()
    app = db.role('app')
    const master = new Client(db.url)
    await master.connect()
    await master.query(`
      create role ${app}; grant ${app} to current_user;
      create schema s; grant usage on schema s to ${app};
      create sequence s.counter;
      create table s.notes (id int, tenant text);
      insert into s.notes values (1, 'a'), (2, 'a'), (3, 'b');
      alter table s.notes enable row level security;
      create policy mine on s.notes to ${app} using (tenant = 'a');
      grant select on s.notes to ${app}`)
    await master.end()
  })
  afterAll(() => db?.drop())

  const round = async (signals: Readonly<Record<string, ProbeSignal>>, url = db.url, options: Options = {}) =>
    roundOn(await planWithSignals(signals), url, options)

  test('give one number each, compared with its limit, with the time it took', async () => {
    const { results, connectFailed, error, plan, at } = await round({
      above: { sql: 'select 31 as n', limit: 'above: 30', unit: 'seconds' },
      'at-limit': { sql: 'select 30', limit: 'above: 30', unit: 'seconds' },
      below: { sql: 'select 0::bigint', limit: 'below: 1', unit: 'rows' },
      exact: { sql: 'select 49.5::numeric', limit: 'above: 20', unit: 'percent', more: 'baseline: 40' },
    })
    expect({ connectFailed, error, plan }).toEqual({ connectFailed: false, error: null, plan: 'small' })
    expect(Date.parse(at)).not.toBeNaN()
    const about = Object.fromEntries(results.map(({ ms, signal, ...rest }) => [signal, rest]))
    expect(about).toEqual({
      slow: { value: 0, unit: 'seconds', limit: { above: 30 }, breached: false, error: null },
      above: { value: 31, unit: 'seconds', limit: { above: 30 }, breached: true, error: null },
      'at-limit': { value: 30, unit: 'seconds', limit: { above: 30 }, breached: false, error: null },
      below: { value: 0, unit: 'rows', limit: { below: 1 }, breached: true, error: null },
      // 20% more than 40. In what, the plan does not say.
      exact: { value: 49.5, unit: null, limit: { above: 48 }, breached: true, error: null },
    })
    for (const { ms } of results) expect(ms).toBeGreaterThan(0)
  })

  test('of a rate give the value itself, and leave the increase to the alarm', async () => {
    const grown = await round({ bytes: { sql: 'select 10000000000', unit: 'bytes', more: 'rate: 1h' } })
    expect(found(grown, 'bytes')).toMatchObject({ value: 1e10, breached: 'unknown', error: null })
  })

  test('run as the role of the application, which sees its own rows only', async () => {
    const sql = 'select count(*) from s.notes'
    const both = await round({ own: { sql, as: app }, all: { sql } })
    expect([found(both, 'own')?.value, found(both, 'all')?.value]).toEqual([2, 3])
  })

  test('that fail are unknown by the name of their error, and keep no other from running', async () => {
    const mixed = await round({
      unprivileged: { sql: 'select count(*) from pg_catalog.pg_authid', severity: 'critical' },
      stranger: { sql: 'select 1', as: 'nobody_at_all' },
      gone: { sql: 'select count(*) from s.no_such_table' },
      empty: { sql: 'select id from s.notes where false' },
      many: { sql: 'select id from s.notes' },
      nothing: { sql: 'select null::int' },
      text: { sql: "select 'a row of the application'" },
      endless: { sql: "select 'infinity'::float8" },
      last: { sql: 'select 7', severity: 'low' },
    })
    expect(mixed.connectFailed).toBe(false)
    const names = Object.fromEntries(mixed.results.map(({ signal, error }) => [signal, error?.name ?? null]))
    expect(names).toEqual({
      slow: null,
      unprivileged: 'Postgres.InsufficientPrivilege',
      stranger: 'Postgres.DataException',
      gone: 'Postgres.UndefinedTable',
      empty: 'Probe.NotANumber',
      many: 'Probe.NotANumber',
      nothing: 'Probe.NotANumber',
      text: 'Probe.NotANumber',
      endless: 'Probe.NotANumber',
      last: null,
    })
    for (const { value, breached, error } of mixed.results)
      if (error) expect([value, breached]).toEqual([null, 'unknown'])
    expect(found(mixed, 'last')).toMatchObject({ value: 7, breached: true })
    expect(JSON.stringify(mixed)).not.toContain('a row of the application')
  })

  test('change nothing: each is a read-only transaction', async () => {
    const writing = await round({ writes: { sql: "select pg_catalog.nextval('s.counter')" } })
    expect(found(writing, 'writes')).toMatchObject({ value: null, error: { name: 'Postgres.ReadOnly' } })
  })

  test('that take too long are cut off, and the others still have their values', async () => {
    const slow = await round({
      sleeps: { sql: 'select 1 from pg_catalog.pg_sleep(600)' },
      after: { sql: 'select 5', severity: 'low' },
    })
    expect(found(slow, 'sleeps')).toMatchObject({ value: null, error: { name: 'Postgres.QueryCanceled' } })
    expect(found(slow, 'sleeps')?.ms).toBeLessThan(30_000)
    expect(found(slow, 'after')?.value).toBe(5)
  })

  test('that take their connection along do not take the others with it', async () => {
    const killed = await round({
      first: { sql: 'select 1' },
      kills: { sql: 'select 1 where pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())' },
      last: { sql: 'select 3', severity: 'low' },
    })
    expect(killed.connectFailed).toBe(false)
    expect(found(killed, 'kills')).toMatchObject({ value: null, breached: 'unknown' })
    expect([found(killed, 'first')?.value, found(killed, 'last')?.value]).toEqual([1, 3])
    expect(killed.results).toHaveLength(4)
  })

  test('are asked the most severe first, and those for which no time is left are unknown', async () => {
    let asked = 0
    const short = await round(
      { low: { sql: 'select 1', severity: 'low' }, high: { sql: 'select 2', severity: 'high' } },
      db.url,
      { remaining: () => (asked++ < 2 ? 60_000 : 1_000) },
    )
    expect(short.results.map(({ signal, value, error }) => [signal, value, error?.name ?? null])).toEqual([
      ['slow', 0, null],
      ['high', 2, null],
      ['low', null, 'Probe.NoTimeLeft'],
    ])
  })

  describe('when the database cannot be reached', () => {
    const signals = { measured: { sql: 'select 1' }, connection: { connect: true } } as const

    test.each([
      ['refused', () => NOBODY, 'Postgres.Unreachable'],
      ['by a user who may not sign in', () => db.urlOf('no_such_user'), 'Postgres.AuthenticationFailed'],
    ])('%s: that is the finding, and nothing else is known', async (_, url, name) => {
      const lost = await round(signals, url())
      expect(lost).toMatchObject({ connectFailed: true, error: { name } })
      expect(found(lost, 'connection')).toMatchObject({ value: 1, breached: true, error: null })
      expect(found(lost, 'measured')).toMatchObject({ value: null, breached: 'unknown', error: { name } })
    })

    test('is 0 when it can be', async () => {
      expect(found(await round(signals), 'connection')).toMatchObject({ value: 0, breached: false })
    })

    test('because the network swallows every byte after the connection: it is given up, and not waited for', async () => {
      const proxy = await startProxy(db.url)
      onTestFinished(() => proxy.close())
      // Connecting again must not take its five seconds in a test: the clock says at once that the server was silent.
      const waits: number[] = []
      const hasty: Clock = {
        now: () => new Date(),
        sleep: async (milliseconds, signal) => {
          if (waits.push(milliseconds) === 1) await realClock.sleep(milliseconds, signal)
        },
      }
      const plan = await planWithSignals(signals)
      const frozen = await probeRound(plan, {
        database: postgres({ url: proxy.url, connectMilliseconds: 200 }),
        clock: hasty,
        signal: new AbortController().signal,
        remaining: () => {
          proxy.freeze()
          return 60_000
        },
      })
      expect(frozen).toMatchObject({ connectFailed: true })
      expect(found(frozen, 'slow')).toMatchObject({ value: null, error: { name: 'Postgres.Aborted' } })
      expect(found(frozen, 'measured')).toMatchObject({ value: null, error: { name: 'Postgres.Unreachable' } })
      expect(found(frozen, 'connection')).toMatchObject({ value: 1, breached: true })
    })

    test('is not said of a round that was called off: nobody knows what it would have found', async () => {
      const called = AbortSignal.abort(new Error('called off'))
      await expect(round(signals, db.url, { signal: called })).rejects.toThrow('called off')
    })
  })

  test('of a database that is not the plan’s measure nothing, and do not call it out of reach', async () => {
    const plan = await planWithSignals({ connection: { connect: true } })
    const wrong = await roundOn({ ...plan, sql: { ...plan.sql, 'sql/sentinel.sql': "select 'another'" } }, db.url)
    expect(wrong).toMatchObject({ connectFailed: false, error: { name: 'Database.WrongOne' } })
    expect(found(wrong, 'slow')).toMatchObject({ value: null, error: { name: 'Database.WrongOne' } })
    expect(found(wrong, 'connection')).toMatchObject({ value: 0, breached: false })
  })
})

describePostgres('the probes of pgvector-search', () => {
  let db: TestDatabase
  let plan: Plan
  let admin: Client

  beforeAll(async () => {
    plan = await loadPlan(PLAN_FOLDER)
    db = await createDatabase()
    const fixture = await fixtureOf(PLAN_FOLDER)
    await postgres({ url: db.url }).session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
      fixture.load(session, { rows: 300 }),
    )
    admin = new Client(db.superuserUrl)
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.end()
    await db?.drop()
  })

  const beyond = (round: Round) =>
    round.results.filter(({ breached }) => breached === true).map(({ signal, value }) => `${signal}: ${value}`)

  test('all have values in a system that is well, and none is beyond its limit', async () => {
    const round = await roundOn(plan, db.url)
    const measured = Object.values(plan.signals).filter(({ source }) => ['probe', 'connect'].includes(source.kind))
    expect(round.results).toHaveLength(measured.length)
    expect(round.results.filter(({ value }) => value === null)).toEqual([])
    expect(beyond(round)).toEqual([])
  })

  test('see the rows of another tenant when row-level security is off, as the application would (PGV-04, PGV-05)', async () => {
    await admin.query('alter table public.embeddings disable row level security')
    try {
      expect(beyond(await roundOn(plan, db.url))).toEqual(['cross-tenant-leak: 200', 'row-security-gap: 1'])
    } finally {
      await admin.query('alter table public.embeddings enable row level security')
    }
  })

  test('see a search that finds nothing, and an index whose build has failed (PGV-61, PGV-66)', async () => {
    await admin.query('create policy nothing on public.embeddings as restrictive using (false)')
    const validity = (valid: boolean) =>
      admin.query(
        `update pg_index set indisvalid = ${valid} where indexrelid = 'public.embeddings_embedding_idx'::regclass`,
      )
    await validity(false)
    try {
      expect(beyond(await roundOn(plan, db.url))).toEqual(['no-results: 0', 'failed-index-build: 1'])
    } finally {
      await validity(true)
      await admin.query('drop policy nothing on public.embeddings')
    }
  })

  test('see who waits for a statement on the vector tables, and do not wait there themselves (PGV-09)', async () => {
    await admin.query('begin; lock table public.embeddings in access exclusive mode')
    const waiting = new Client(db.superuserUrl)
    await waiting.connect()
    const looking = new Client(db.superuserUrl)
    await looking.connect()
    const waits = waiting.query('select count(*) from public.embeddings')
    try {
      const blocked = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
      while ((await looking.query(blocked)).rowCount === 0);
      const { results } = await roundOn(plan, db.url)
      expect(results.find(({ signal }) => signal === 'blocked-queries')).toMatchObject({ value: 1, breached: true })
      expect(results.find(({ signal }) => signal === 'cross-tenant-leak')).toMatchObject({
        value: null,
        error: { name: 'Postgres.LockNotAvailable' },
      })
    } finally {
      await admin.query('rollback')
      await waits
      await Promise.all([waiting.end(), looking.end()])
    }
  })
})
