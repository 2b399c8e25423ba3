import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { sql } from '#core/sql/tag.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { startProxy, type TcpProxy } from '#test/support/tcp-proxy.ts'

const options = { applicationName: 'vector-rollback:sessions' }
const manyRows = sql`copy (select pg_catalog.repeat('x', 1000) from pg_catalog.generate_series(1, 1000000)) to stdout`

describePostgres('sessions of a server', () => {
  let db: TestDatabase
  let other: Client
  let proxy: TcpProxy | undefined

  beforeAll(async () => {
    db = await createDatabase()
    other = new Client(db.url)
    await other.connect()
    await other.query('create table public.ledger (id int)')
  })
  afterEach(async () => {
    await proxy?.close()
    proxy = undefined
    await other.query('truncate public.ledger')
  })
  afterAll(async () => {
    await other.end()
    await db.drop()
  })

  /** Backends of ours that the server still has. */
  const backends = async (name = options.applicationName): Promise<{ pid: number; state: string }[]> =>
    (await other.query('select pid, state from pg_stat_activity where application_name = $1', [name])).rows
  const throughProxy = async () => {
    proxy = await startProxy(db.url)
    return { proxy, database: postgres({ url: proxy.url, idleMilliseconds: 200, connectMilliseconds: 500 }) }
  }

  test('closes its connection before it resolves, so that its locks are free', async () => {
    const database = postgres({ url: db.url })
    await database.session(options, (session) => session.query(sql`select pg_catalog.pg_advisory_lock(7)`))
    expect(await backends()).toEqual([])
  })

  test('reports a COMMIT whose answer was lost as unknown, whatever the server did', async () => {
    const { proxy: cut, database } = await throughProxy()
    cut.cutAfter('commit')
    const lost = database.session(options, (session) =>
      session.transaction(() => session.query(sql`insert into public.ledger values (1)`)),
    )
    await expect(lost).rejects.toMatchObject({ name: 'Postgres.Unknown', category: 'unreachable' })
  })

  test('reports why the server ended the session, also to the next statement', async () => {
    const database = postgres({ url: db.url })
    await database.session(options, async (session) => {
      const { rows } = await session.query<{ pid: number }>(sql`select pg_catalog.pg_backend_pid() as pid`)
      const ended = session.query(sql`select pg_catalog.pg_sleep(60)`).catch((reason: unknown) => reason)
      await expect.poll(async () => (await backends())[0]?.state).toBe('active')
      await other.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      expect(await ended).toMatchObject({ name: 'Postgres.AdminShutdown', category: 'unreachable' })
      await expect(session.query(sql`select 1`)).rejects.toMatchObject({ category: 'unreachable' })
    })
  })

  test('gives up a server that accepts and never answers', async () => {
    const { proxy: frozen, database } = await throughProxy()
    frozen.freeze()
    const waiting = database.session(options, async () => 'connected')
    await expect(waiting).rejects.toMatchObject({
      name: 'Postgres.Unreachable',
      message: expect.stringContaining('timeout'),
    })
  })

  test('says where nothing listens', async () => {
    const closed = await startProxy(db.url)
    await closed.close()
    const refused = postgres({ url: closed.url }).session(options, async () => 'connected')
    await expect(refused).rejects.toMatchObject({
      name: 'Postgres.Unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('names a database and a user that do not exist', async () => {
    const noDatabase = Object.assign(new URL(db.url), { pathname: '/no_such_database' })
    await expect(postgres({ url: noDatabase.href }).session(options, async () => 1)).rejects.toMatchObject({
      name: 'Postgres.NoSuchDatabase',
    })
    await expect(postgres({ url: db.urlOf('nobody_here') }).session(options, async () => 1)).rejects.toMatchObject({
      name: 'Postgres.AuthenticationFailed',
    })
  })

  test('refuses a server without TLS when it was asked to verify it', async () => {
    const verified = postgres({ url: `${db.url}?sslmode=verify-full` }).session(options, async () => 1)
    await expect(verified).rejects.toMatchObject({ name: 'Postgres.TlsNotVerified' })
  })

  test('ends a statement when the caller gives up', async () => {
    const giveUp = new AbortController()
    const slow = postgres({ url: db.url }).session({ ...options, signal: giveUp.signal }, (session) =>
      session.query(sql`select pg_catalog.pg_sleep(3)`),
    )
    const outcome = expect(slow).rejects.toMatchObject({ name: 'Postgres.Aborted', category: 'unreachable' })
    await expect.poll(async () => (await backends())[0]?.state).toBe('active')
    giveUp.abort('the function is about to time out')
    await outcome
    const [left] = await backends()
    if (left) await other.query('select pg_terminate_backend($1, 5000)', [left.pid])
  })

  test('gives a COPY out up when no byte arrives', async () => {
    const { proxy: frozen, database } = await throughProxy()
    const copy = database.session({ ...options, statementTimeout: 0 }, async (session) => {
      for await (const chunk of session.copyOut(manyRows)) if (chunk.length > 0) frozen.freeze()
    })
    await expect(copy).rejects.toMatchObject({ name: 'Postgres.Stalled', category: 'unreachable' })
  })

  test('waits for a slow reader of a COPY', async () => {
    const { promise: pause, resolve: resume } = Promise.withResolvers<void>()
    const database = postgres({ url: db.url, idleMilliseconds: 50 })
    let bytes = 0
    await database.session(options, async (session) => {
      for await (const chunk of session.copyOut(
        sql`copy (select 1 from pg_catalog.generate_series(1, 1000)) to stdout`,
      )) {
        bytes += chunk.length
        setTimeout(resume, 150)
        await pause
      }
    })
    expect(bytes).toBe(2_000)
  })

  test('gives a COPY in up when no byte moves', async () => {
    const { proxy: frozen, database } = await throughProxy()
    async function* endless() {
      yield Buffer.from('1\n')
      frozen.freeze()
      for (;;) yield Buffer.alloc(65_536, '1\n')
    }
    const copy = database.session(options, (session) => session.copyIn(sql`copy public.ledger from stdin`, endless()))
    await expect(copy).rejects.toMatchObject({ name: 'Postgres.Stalled' })
  })

  test('ends the connection of a COPY that is left half-way, and its backend', async () => {
    await postgres({ url: db.url }).session(options, async (session) => {
      for await (const chunk of session.copyOut(manyRows)) if (chunk.length > 0) break
      await expect(session.query(sql`select 1`)).rejects.toMatchObject({ name: 'Postgres.SessionEnded' })
      await expect.poll(() => backends()).toEqual([])
    })
  })

  test('ends a COPY when the caller gives up', async () => {
    const giveUp = new AbortController()
    await postgres({ url: db.url }).session(options, async (session) => {
      const copy = (async () => {
        for await (const chunk of session.copyOut(manyRows, giveUp.signal)) if (chunk.length > 0) giveUp.abort('enough')
      })()
      await expect(copy).rejects.toMatchObject({ name: 'Postgres.Aborted' })
    })
    await expect.poll(() => backends()).toEqual([])
  })

  test('tells a COPY that its server went away', async () => {
    const killed = postgres({ url: db.url }).session(options, async (session) => {
      for await (const chunk of session.copyOut(manyRows)) {
        if (chunk.length > 0) await other.query('select pg_terminate_backend($1)', [(await backends())[0]?.pid])
      }
    })
    await expect(killed).rejects.toMatchObject({ category: 'unreachable' })
  })

  test('leaves a long statement to the server, which finishes it alone', async () => {
    await other.query(
      'create function public.slow(int) returns int immutable language plpgsql as $$ begin perform pg_sleep(0.5); return $1; end $$',
    )
    await other.query('insert into public.ledger values (1), (2)')
    const name = 'vector-rollback:build'
    const started = await postgres({ url: db.url }).session({ applicationName: name }, async (session) => {
      const left = await session.startLong(sql`create index slow_idx on public.ledger (public.slow(id))`, 300)
      await expect(session.query(sql`select 1`)).rejects.toMatchObject({ name: 'Postgres.SessionEnded' })
      return left
    })
    expect(started).toEqual({ finished: false })
    expect(await backends(name)).toMatchObject([{ state: 'active' }])
    await expect.poll(() => backends(name), { timeout: 20_000 }).toEqual([])
    const { rows } = await other.query("select indisvalid from pg_index where indexrelid = 'public.slow_idx'::regclass")
    expect(rows).toEqual([{ indisvalid: true }])
  })
})
