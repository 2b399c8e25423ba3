import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Database } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { values } from '#test/contract/database-values.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'

interface Subject {
  readonly database: Database
  close(): Promise<void>
}

const options = { applicationName: 'vector-rollback:contract' }

/** What the embedded database cannot do, and why. */
const NOT_EMBEDDED = {
  timeouts: 'one process, one thread: no timer can interrupt a statement',
}

describe('embedded database', () => {
  contract(async () => {
    const database = await embedded()
    await database.session(options, (session) => session.script('create extension vector schema public'))
    return { database, close: () => database.close() }
  }, NOT_EMBEDDED)

  test('keeps its data in a directory from one drill to the next', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-embedded-'))
    try {
      const first = await embedded({ directory })
      await first.session(options, (session) => session.script('create table public.kept as select 7 as id'))
      await first.close()
      const second = await embedded({ directory })
      const { rows } = await second.session(options, (session) => session.query(sql`select id from public.kept`))
      await second.close()
      expect(rows).toEqual([{ id: 7 }])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describePostgres('PostgreSQL server', () => {
  contract(async () => {
    const { url, drop } = await createDatabase()
    return { database: postgres({ url }), close: drop }
  }, {})
})

function contract(open: () => Promise<Subject>, cannot: Partial<typeof NOT_EMBEDDED>) {
  let subject: Subject
  let database: Database
  beforeAll(async () => {
    subject = await open()
    database = subject.database
  })
  afterAll(() => subject.close())

  const inSession: Database['session'] = (settings, work) => database.session(settings, work)
  const one = async (statement: ReturnType<typeof sql>) =>
    inSession(options, async (session) => (await session.query(statement)).rows[0])

  describe('values', () => values((statement) => one(statement)))

  test('counts the rows that a statement changed', async () => {
    await inSession(options, async (session) => {
      await session.script('create temporary table counted (id int); insert into counted values (1), (2), (3)')
      expect((await session.query(sql`update pg_temp.counted set id = 0 where id > 1`)).rowCount).toBe(2)
      expect((await session.query(sql`select from pg_temp.counted`)).rowCount).toBe(3)
    })
  })

  test('refuses a second statement where one is expected', async () => {
    await expect(one(sql`select 1; select 2`)).rejects.toMatchObject({ name: 'Postgres.SyntaxError' })
  })

  test('runs alone what cannot run in a transaction', async () => {
    await inSession(options, async (session) => {
      await session.script('create table public.busy (id int)')
      await session.query(sql`create index concurrently busy_id on public.busy (id)`)
      await session.query(sql`drop index concurrently public.busy_id`)
      const inside = session.transaction(() => session.query(sql`create index concurrently on public.busy (id)`))
      await expect(inside).rejects.toMatchObject({ name: 'Postgres.ActiveTransaction' })
    })
  })

  test('sets every session up: no hidden rows, no search path, short locks, UTC', async () => {
    const row = await one(sql`select pg_catalog.current_setting('application_name') as name,
      pg_catalog.current_setting('row_security') as rows, pg_catalog.current_setting('search_path') as path,
      pg_catalog.current_setting('lock_timeout') as locks, pg_catalog.current_setting('statement_timeout') as statements,
      pg_catalog.current_setting('timezone') as zone, pg_catalog.current_setting('client_min_messages') as messages`)
    expect(row).toEqual({
      name: options.applicationName,
      rows: 'off',
      path: '',
      locks: '100ms',
      statements: '30s',
      zone: 'UTC',
      messages: 'warning',
    })
  })

  test("keeps the role's search path for a plan that asks for it", async () => {
    const rows = await inSession({ ...options, keepSearchPath: true, statementTimeout: 0 }, async (session) =>
      session.query(sql`select current_schema as schema, current_setting('statement_timeout') as timeout`),
    )
    expect(rows.rows).toEqual([{ schema: 'public', timeout: '0' }])
  })

  test('leaves nothing of a session to the next one: settings, temporary tables, locks, an open transaction', async () => {
    await inSession(options, async (session) => {
      await session.script(
        'set lock_timeout = 1; create temporary table left_behind (); select pg_advisory_lock(1); begin; create table public.uncommitted ()',
      )
    })
    const row = await one(sql`select pg_catalog.current_setting('lock_timeout') as locks,
      pg_catalog.to_regclass('public.uncommitted') as open, pg_catalog.to_regclass('pg_temp.left_behind') as temporary,
      pg_catalog.pg_try_advisory_lock(1) as free`)
    expect(row).toEqual({ locks: '100ms', open: null, temporary: null, free: true })
  })

  test('serves sessions that are opened at the same time', async () => {
    const names = ['vector-rollback:a', 'vector-rollback:b', 'vector-rollback:c']
    const seen = await Promise.all(
      names.map((applicationName) =>
        inSession({ applicationName }, async (session) => {
          await session.query(sql`select 1`)
          return (await session.query(sql`select pg_catalog.current_setting('application_name') as name`)).rows[0]?.name
        }),
      ),
    )
    expect(seen).toEqual(names)
  })

  test('is of no use after its session', async () => {
    const kept = await inSession(options, async (session) => session)
    await expect(kept.query(sql`select 1`)).rejects.toMatchObject({ name: 'Postgres.SessionEnded' })
  })

  test('commits a transaction, and rolls it back when the work throws', async () => {
    await inSession(options, async (session) => {
      await session.script('create table public.ledger (id int)')
      await session.transaction(() => session.query(sql`insert into public.ledger values (1)`))
      const failure = new Error('half-way')
      const failed = session.transaction(async () => {
        await session.query(sql`insert into public.ledger values (2)`)
        throw failure
      })
      await expect(failed).rejects.toBe(failure)
      expect((await session.query(sql`select id from public.ledger`)).rows).toEqual([{ id: 1 }])
    })
  })

  test('does not take a COMMIT that rolled back for success', async () => {
    const swallowed = inSession(options, (session) =>
      session.transaction(async () => {
        await session.query(sql`select 1 / 0`).catch(() => undefined)
      }),
    )
    await expect(swallowed).rejects.toMatchObject({ name: 'Postgres.InFailedTransaction' })
  })

  test('reads one state of the database in a repeatable read, and writes nothing in a read-only one', async () => {
    const modes = await inSession(options, (session) =>
      session.transaction(
        async () =>
          session.query(
            sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro`,
          ),
        { isolation: 'repeatable read', readOnly: true },
      ),
    )
    expect(modes.rows).toEqual([{ level: 'repeatable read', ro: 'on' }])
  })

  test('refuses a transaction inside a transaction', async () => {
    const nested = inSession(options, (session) => session.transaction(() => session.transaction(async () => 1)))
    await expect(nested).rejects.toMatchObject({ name: 'Postgres.ActiveTransaction' })
  })

  test('stops a script at its first error and shows the line', async () => {
    const failed = inSession(options, (session) =>
      session.script('create table public.half ();\nselect *\n  from public.nope;\ncreate table public.never ()'),
    )
    const error = await failed.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'Postgres.UndefinedTable',
      message: expect.stringContaining('line 3:   from public.nope;\n               ^'),
    })
    expect(sqlState(error)).toBe('42P01')
    expect(await one(sql`select to_regclass('public.never') as never`)).toEqual({ never: null })
  })

  test('copies rows out and in again, byte for byte', async () => {
    await inSession(options, async (session) => {
      await session.script(`create table public.source (id int8, embedding public.vector(3));
        insert into public.source select i, array[i, 0.5, -1]::public.vector from generate_series(1, 5000) i;
        create table public.target (like public.source)`)
      const copy = session.copyOut(sql`copy (select * from public.source order by id) to stdout (format binary)`)
      const parts = await collect(copy)
      expect(Buffer.concat(parts).subarray(0, 11).toString('latin1')).toBe('PGCOPY\n\xff\r\n\0')
      const rows = await session.copyIn(sql`copy public.target from stdin (format binary)`, chunks(parts))
      expect(rows).toBe(5000)
      const digest = sql`select pg_catalog.md5(pg_catalog.string_agg(t::text, '' order by id)) as digest from public.source t`
      const again = { ...digest, text: digest.text.replace('source', 'target') }
      expect((await session.query(again)).rows).toEqual((await session.query(digest)).rows)
    })
  })

  test('names the error of a COPY, and goes on in the same session', async () => {
    await inSession(options, async (session) => {
      const missing = collect(session.copyOut(sql`copy public.nope to stdout`))
      await expect(missing).rejects.toMatchObject({ name: 'Postgres.UndefinedTable' })
      await session.script('create temporary table numbers (n int)')
      const damaged = session.copyIn(sql`copy pg_temp.numbers from stdin`, chunks([Buffer.from('1\nx\n')]))
      await expect(damaged).rejects.toMatchObject({ name: 'Postgres.DataException' })
      expect((await session.query(sql`select from pg_temp.numbers`)).rowCount).toBe(0)
    })
  })

  test('keeps no row of a COPY whose source fails half-way', async () => {
    async function* broken() {
      yield Buffer.from('1\n')
      throw new Error('the bucket went away')
    }
    await inSession(options, async (session) => {
      await session.script('create table public.half_copied (n int)')
      const copy = session.copyIn(sql`copy public.half_copied from stdin`, broken())
      await expect(copy).rejects.toMatchObject({ name: 'Error', message: 'the bucket went away' })
    })
    expect(await one(sql`select count(*) from public.half_copied`)).toEqual({ count: '0' })
  })

  test('refuses a COPY with parameters', async () => {
    const copy = inSession(options, (session) => collect(session.copyOut(sql`copy (select ${1}) to stdout`)))
    await expect(copy).rejects.toMatchObject({ name: 'Postgres.CopyParameters' })
  })

  test('finishes a long statement that is quick', async () => {
    await inSession(options, async (session) => {
      await session.script('create table public.indexed (id int)')
      const started = await session.startLong(sql`create index indexed_id on public.indexed (id)`, 30_000)
      expect(started).toEqual({ finished: true })
    })
    expect(await one(sql`select to_regclass('public.indexed_id') is not null as built`)).toEqual({ built: true })
  })

  test('refuses to start in a transaction what has to outlive it', async () => {
    const started = inSession(options, (session) =>
      session.transaction(() => session.startLong(sql`create index on public.nope (id)`, 1)),
    )
    await expect(started).rejects.toMatchObject({ name: 'Postgres.ActiveTransaction' })
  })

  test('does not start for a caller who has given up', async () => {
    const signal = AbortSignal.abort('the function is about to time out')
    const session = inSession({ ...options, signal }, (opened) => opened.query(sql`select 1`))
    await expect(session).rejects.toMatchObject({ name: 'Postgres.Aborted' })
  })

  test.skipIf(cannot.timeouts)(guarded('ends a statement that runs too long', cannot.timeouts), async () => {
    const slow = inSession({ ...options, statementTimeout: 50 }, (session) => session.query(sql`select pg_sleep(60)`))
    await expect(slow).rejects.toMatchObject({ name: 'Postgres.QueryCanceled' })
  })
}

const guarded = (title: string, reason: string | undefined) => (reason ? `${title} (skipped: ${reason})` : title)

async function collect(copy: AsyncIterable<Uint8Array>) {
  const parts: Uint8Array[] = []
  // A chunk is its reader's until it asks for the next one.
  for await (const part of copy) parts.push(Uint8Array.from(part))
  return parts
}

async function* chunks(parts: readonly Uint8Array[]) {
  yield* parts
}
