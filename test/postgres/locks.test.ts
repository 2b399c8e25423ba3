import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Table } from '#core/names.ts'
import type { Clock, Database, Session } from '#core/ports.ts'
import { withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const tables: Table[] = ['chunks', 'documents', 'embeddings'].map((name) => ({ schema: 'public', name }))
const last = sql`select from public.embeddings`

describePostgres('table locks', () => {
  let db: TestDatabase
  let database: Database
  const clients: Client[] = []

  const connect = async (name: string, url = db.url): Promise<Client> => {
    const client = new Client({ connectionString: url, application_name: name })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  /** A reader that forgot to commit. */
  const idleReader = async (name = 'forgetful-reader'): Promise<Client> => {
    const client = await connect(name)
    await client.query('begin')
    await client.query(last.text)
    return client
  }
  const lock = (options: { deadlineMs?: number } = {}, clock: Clock = realClock): Promise<string> =>
    database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
      withTableLocks(session, tables.toReversed(), clock, options, async () => {
        const { rows } = await session.query<{ mode: string; tables: string[] }>(sql`
          select mode, array_agg(relation::regclass::text order by relation::regclass::text) as tables from pg_locks
          where pid = pg_backend_pid() and relation::regclass::text like 'public.%' and mode = 'AccessExclusiveLock'
          group by mode`)
        return rows.map((row) => row.tables.join()).join()
      }),
    )

  beforeAll(async () => {
    db = await createDatabase()
    database = postgres({ url: db.url })
    const setup = await connect('setup')
    await setup.query('create table chunks (id int); create table documents (id int); create table embeddings (id int)')
  })
  beforeEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await db.drop()
  })

  test('holds every table exclusively while the work runs, and none afterwards', async () => {
    expect(await lock()).toBe('public.chunks,public.documents,public.embeddings')
    const left = await (await connect('look')).query(
      `select from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'embeddings'`,
    )
    expect(left.rowCount).toBe(0)
  })

  test('commits the work, and takes it back when it throws', async () => {
    await database.session({ applicationName: 'vector-rollback:locks' }, async (session) => {
      await withTableLocks(session, tables, realClock, {}, () =>
        session.query(sql`insert into public.chunks values (1)`),
      )
      const failure = new Error('half-way')
      const failed = withTableLocks(session, tables, realClock, {}, async () => {
        await session.query(sql`insert into public.chunks values (2)`)
        throw failure
      })
      await expect(failed).rejects.toBe(failure)
      expect((await session.query(sql`select id from public.chunks`)).rows).toEqual([{ id: 1 }])
    })
  })

  test('gives the work its own statement timeout back, and keeps its locks quick', async () => {
    const options = { applicationName: 'vector-rollback:locks', statementTimeout: 7_000 }
    const settings = await database.session(options, (session) =>
      withTableLocks(session, tables, realClock, { budgetMs: 80 }, async () =>
        session.query(
          sql`select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
        ),
      ),
    )
    expect(settings.rows).toEqual([{ statement: '7s', lock: '80ms' }])
  })

  test('asks with a part of its budget, so that the work under the lock has the rest', async () => {
    await idleReader()
    const budgets: unknown[] = []
    await database.session({ applicationName: 'vector-rollback:locks' }, async (session) => {
      const clock: Clock = {
        now: realClock.now,
        async sleep() {
          await look()
          throw new Error('seen')
        },
      }
      const look = async () => {
        const { rows } = await session.query(
          sql`select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
        )
        budgets.push(...rows)
      }
      const options = { budgetMs: 200, guard: look }
      await expect(withTableLocks(session, tables, clock, options, async () => 'taken')).rejects.toThrow('seen')
    })
    // The patient locks, a try, and the pause after it, in which nothing is cut short.
    const patient = { statement: '30s', lock: '3s' }
    expect(budgets).toEqual([patient, { statement: '120ms', lock: '120ms' }, patient])
  })

  test('locks tables that only get a foreign key against writers, and lets readers pass', async () => {
    const reader = await idleReader()
    const [keyed, ...others] = tables.toReversed()
    const options = { againstWriters: keyed ? [keyed] : [], deadlineMs: 300 }
    const modes = await database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
      withTableLocks(session, others, realClock, options, async () => {
        await reader.query(last.text)
        const { rows } = await session.query<{ held: string }>(sql`
          select relation::regclass::text || ' ' || mode as held from pg_locks
          where pid = pg_backend_pid() and relation::regclass::text like 'public.%' and mode <> 'ShareUpdateExclusiveLock'
          order by 1`)
        return rows.map(({ held }) => held)
      }),
    )
    expect(modes).toEqual([
      'public.chunks AccessExclusiveLock',
      'public.documents AccessExclusiveLock',
      'public.embeddings ShareRowExclusiveLock',
    ])
    await (await connect('writer')).query('begin; insert into embeddings values (7)')
    const busy = database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
      withTableLocks(session, others, realClock, options, async () => 'taken'),
    )
    await expect(busy).rejects.toMatchObject({
      name: 'Locks.NotAcquired',
      message: expect.stringMatching(/public\.embeddings.*"writer"/),
    })
  })

  test('keeps vacuums out of the TOAST tables of partitions, without a trace in their options', async () => {
    const owner = await connect('owner')
    await owner.query(`create table parted (id int, body text) partition by list (id);
      create table parted_1 partition of parted for values in (1) with (toast.log_autovacuum_min_duration = 7);
      create table parted_2 partition of parted for values in (2)`)
    const options = `select relname, reloptions from pg_class where oid in
      (select reltoastrelid from pg_class where relname like 'parted%') order by 1`
    const { rows: before } = await owner.query(options)
    const held = await database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
      withTableLocks(session, [{ schema: 'public', name: 'parted' }], realClock, {}, async () => {
        const { rows } = await session.query<{ name: string }>(sql`
          select c.relname as name from pg_locks l join pg_class c on c.reltoastrelid = l.relation
          where l.pid = pg_backend_pid() and l.mode = 'ShareUpdateExclusiveLock' order by 1`)
        return rows.map(({ name }) => name)
      }),
    )
    expect(held).toEqual(['parted_1', 'parted_2'])
    expect((await owner.query(options)).rows).toEqual(before)
    await owner.query('drop table parted')
  })

  test('gets the lock as soon as an idle reader is gone', async () => {
    const reader = await idleReader()
    let tries = 0
    const clock: Clock = {
      now: realClock.now,
      async sleep() {
        tries += 1
        if (tries === 3) await reader.query('commit')
      },
    }
    expect(await lock({}, clock)).toContain('public.embeddings')
    expect(tries).toBe(3)
  })

  test('names the session that is in the way, and how to end it, when the deadline passes', async () => {
    const reader = await idleReader()
    const { rows } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid')
    const pid = rows[0]?.pid
    await expect(lock({ deadlineMs: 300 })).rejects.toMatchObject({
      name: 'Locks.NotAcquired',
      message: expect.stringMatching(
        new RegExp(
          `public\\.embeddings: "forgetful-reader" \\(pid ${pid}\\), idle in transaction, last statement \\d+ s ago`,
        ),
      ),
      fix: expect.stringContaining(`select pg_terminate_backend(${pid})`),
    })
  })

  test('names a prepared transaction that is in the way, and gets the lock when it is gone', async (context) => {
    const client = await connect('prepares')
    const { rows } = await client.query<{ max: string }>('show max_prepared_transactions')
    if (rows[0] && Object.values(rows[0])[0] === '0') context.skip('the server allows no prepared transactions')
    const gid = `${db.name}-left`
    await client.query(`begin; select from embeddings; prepare transaction '${gid}'`)
    await expect(lock({ deadlineMs: 300 })).rejects.toMatchObject({
      name: 'Locks.NotAcquired',
      message: expect.stringContaining(`public.embeddings: prepared transaction "${gid}"`),
      fix: expect.stringContaining(`rollback prepared '${gid}'`),
    })
    const clock: Clock = {
      now: realClock.now,
      sleep: async () => void (await client.query(`rollback prepared '${gid}'`)),
    }
    expect(await lock({}, clock)).toContain('public.embeddings')
  })

  test('makes none of twenty readers wait for long, on any table, while it cannot get the lock', async () => {
    await idleReader()
    const running = new AbortController()
    let reads = 0
    const read = async (i: number): Promise<void> => {
      const client = await connect(`reader-${i}`)
      // Four budgets: enough for a busy machine, far less than what a request without a budget would cost.
      await client.query("set lock_timeout = '400ms'")
      while (!running.signal.aborted) {
        await client.query(`select from ${tables[i % 3]?.name}`)
        reads += 1
      }
    }
    const locked = lock({ deadlineMs: 3_000 }).finally(() => running.abort())
    const [outcome] = await Promise.all([
      locked.catch((error: unknown) => error),
      ...Array.from({ length: 20 }, (_, i) => read(i)),
    ])
    expect(outcome).toMatchObject({ name: 'Locks.NotAcquired' })
    expect(reads).toBeGreaterThan(100)
  })

  describe('with a slow autovacuum', () => {
    const SLOW = 'autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1'
    let superuser: Client
    beforeAll(async () => {
      superuser = new Client(db.superuserUrl)
      await superuser.connect()
      await superuser.query("alter system set autovacuum_naptime = '1s'")
      await superuser.query('select pg_reload_conf()')
    })
    afterAll(async () => {
      await superuser.query('alter system reset autovacuum_naptime')
      await superuser.query('select pg_reload_conf()')
      await superuser.end()
    })
    const atWork = async (table: string) => {
      const { rowCount } = await superuser.query(
        `select from pg_stat_progress_vacuum where relid = (${table})::regclass`,
      )
      return rowCount
    }
    const taken = (name: string, work: (session: Session) => Promise<unknown>) =>
      database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
        withTableLocks(session, [{ schema: 'public', name }], realClock, { deadlineMs: 20_000 }, () => work(session)),
      )

    test('makes it give way instead of starving behind it', async () => {
      const owner = await connect('owner')
      await owner.query(
        `create table vacuumed (id int) with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, ${SLOW})`,
      )
      await owner.query('insert into vacuumed select generate_series(1, 200000); delete from vacuumed')
      await expect.poll(() => atWork("'vacuumed'"), { timeout: 50_000, interval: 100 }).toBe(1)
      expect(await taken('vacuumed', async () => 'taken')).toBe('taken')
    })

    test('makes it give way on the TOAST table too, where the vectors are', async () => {
      const owner = await connect('owner')
      await owner.query(`create table toasted (id int, body text) with (autovacuum_enabled = false,
        toast.autovacuum_enabled = true, toast.autovacuum_vacuum_threshold = 1, toast.autovacuum_vacuum_scale_factor = 0,
        ${SLOW.replaceAll('autovacuum', 'toast.autovacuum')})`)
      await owner.query(`alter table toasted alter column body set storage external;
        insert into toasted select n, repeat('x', 6000) from generate_series(1, 2000) n; delete from toasted`)
      const toast = "select reltoastrelid from pg_class where relname = 'toasted'"
      const options = sql.raw(`select reloptions from pg_catalog.pg_class where oid = (${toast})`)
      const { rows: before } = await owner.query(options.text)
      await expect.poll(() => atWork(toast), { timeout: 50_000, interval: 100 }).toBe(1)
      const meanwhile = await taken('toasted', async (session) => {
        const { rows } = await session.query(options)
        await session.query(sql`drop table public.toasted`)
        return rows
      })
      expect(meanwhile).toEqual(before)
    })
  })

  test('reports a missing table instead of trying again', async () => {
    const missing = database.session({ applicationName: 'vector-rollback:locks' }, (session) =>
      withTableLocks(session, [{ schema: 'public', name: 'nope' }], realClock, {}, async () => 1),
    )
    await expect(missing).rejects.toMatchObject({ name: 'Postgres.UndefinedTable' })
  })
})
