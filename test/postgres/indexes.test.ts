import { Client } from 'pg'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import { buildIndexes } from '#core/steps/build-indexes.ts'
import { dropIndexes } from '#core/steps/drop-indexes.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

/** 63 bytes: PostgreSQL cuts it where it adds `_ccnew`. */
const LONG_NAME = `embeddings_${'long_'.repeat(10)}12`

/** All that an index is, except its oid. */
const INDEXES = `
  select i.relname as name, pg_get_indexdef(i.oid) as definition, obj_description(i.oid, 'pg_class') as comment,
         i.reloptions as options, x.indisvalid as valid, x.indisclustered as clustered, x.indisunique as unique,
         (select array_agg(a.attnum || ':' || a.attstattarget order by a.attnum) from pg_attribute a
           where a.attrelid = i.oid and a.attstattarget >= 0) as targets
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
   where c.relnamespace = 'public'::regnamespace order by 1`

describePostgres('drop-indexes on a real server, as an owner that is no superuser', () => {
  const current = useEndpoints()
  let objects: Objects
  let db: TestDatabase
  let admin: Client
  let plan: Plan
  let run: Run
  let runs = 0
  const clients: Client[] = []

  const connect = async (name: string, url = db.url): Promise<Client> => {
    const client = new Client({ connectionString: url, application_name: name })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  const ports = (remaining: number) => ({
    database: postgres({ url: db.url }),
    objects,
    clock: realClock,
    plans: { names: async () => [plan.name], load: async () => plan },
    environment: 'test',
    signal: new AbortController().signal,
    remaining: () => remaining,
  })
  /** `seconds`: what each drop may take. */
  const drop = (names: readonly string[], seconds = 30) =>
    dropIndexes.run(
      { run, input: { indexes: names.map((name) => ({ schema: 'public', name })) } },
      ports(10_000 + seconds * 1000),
    )
  const rebuild = () => buildIndexes.run({ run, input: { restore: {} } }, ports(600_000))
  const indexes = async () => (await admin.query(INDEXES)).rows
  const names = async () => (await indexes()).map(({ name }) => name)
  const records = async () => (await readAllJson(objects, `indexes/${plan.name}/`)).map(({ value }) => value)
  const idleReader = async () => {
    const client = await connect('forgetful-reader')
    await client.query('begin; select count(*) from public.embeddings')
    return client
  }
  const dropWaits = () =>
    vi.waitFor(async () => {
      const { rowCount } = await admin.query(
        `select from pg_stat_activity where application_name = 'vector-rollback:${plan.name}:1:drop-indexes'
          and datname = current_database() and wait_event_type = 'Lock' and query like 'drop index concurrently%'`,
      )
      expect(rowCount).toBe(1)
    })
  /** A `reindex concurrently` that is cancelled while it waits: for a writer before it builds, for a reader before it drops. */
  const interruptedReindex = async (index: string, suffix: '_ccnew' | '_ccold' = '_ccnew') => {
    const holder = await idleReader()
    if (suffix === '_ccnew') await holder.query('update public.embeddings set code = 0 where id = 1')
    const session = await connect('reindex')
    await session.query("set statement_timeout = '300ms'")
    await expect(session.query(`reindex index concurrently public.${index}`)).rejects.toMatchObject({ code: '57014' })
    await holder.query('rollback')
    const leftover = `${index.slice(0, 63 - suffix.length)}${suffix}`
    expect(await indexes()).toContainEqual(expect.objectContaining({ name: leftover, valid: false }))
  }

  beforeAll(async () => {
    const loaded = await loadPlan(PLAN_FOLDER)
    plan = { ...loaded, sql: { ...loaded.sql, 'sql/sentinel.sql': `select '${loaded.name}'` } }
  })
  beforeEach(async () => {
    const bucket = `indexes-${++runs}`
    await createBucket(current().endpoints.url, bucket)
    objects = s3Objects(bucket)
    db = await createDatabase()
    admin = await connect('admin', db.superuserUrl)
    await (await connect('setup')).query(`
      create table public.embeddings (id int primary key, tenant text, embedding vector(3), code int);
      create table public.others (id int primary key, code int);
      insert into public.embeddings select i, 't' || i % 3, '[1,2,3]', i from generate_series(1, 300) i;
      create index embeddings_idx on public.embeddings
        using hnsw (embedding vector_cosine_ops) with (m = 8, ef_construction = 40);
      comment on index public.embeddings_idx is 'It''s for "search"';
      create index others_idx on public.others (code)`)
    const incident = `incident-${runs}` as IncidentId
    const { name, digest } = plan
    run = { plan: name, planDigest: digest, incident, execution: 'arn', epoch: 1, path: 'partial', drill: false }
    const claimedAt = new Date().toISOString()
    const lease = { plan: name, epoch: 1, incident, execution: 'arn', claimedAt, released: false }
    await writeJson(objects, `leases/${name}.json`, lease)
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
    await db.drop()
  })

  test('drops the index, and finds it absent when it is asked again (PGV-22)', async () => {
    expect(await drop(['embeddings_idx'])).toEqual({
      changed: true,
      detail: 'public.embeddings_idx dropped',
      waitSeconds: 0,
    })
    expect(await names()).toEqual(['embeddings_pkey', 'others_idx', 'others_pkey'])
    expect(await drop(['embeddings_idx'])).toMatchObject({ changed: false, detail: 'public.embeddings_idx is absent' })
  })

  test('drops nothing that it could not record before', async () => {
    const heal = current().endpoints.faults.add({
      service: 's3',
      operation: 'PutObject',
      key: /indexes\//,
      fault: { status: 403, code: 'AccessDenied' },
    })
    try {
      await expect(drop(['embeddings_idx'])).rejects.toMatchObject({ name: 'Bucket.Denied' })
    } finally {
      heal()
    }
    expect(await names()).toContain('embeddings_idx')
    await drop(['embeddings_idx'])
    expect(await records()).toContainEqual(
      expect.objectContaining({
        incident: run.incident,
        rebuilt: false,
        index: expect.objectContaining({ name: 'embeddings_idx', method: 'hnsw', comment: `It's for "search"` }),
      }),
    )
  })

  test('waits for a reader that forgot to commit, while other readers and writers wait for nobody (DEF-11)', async () => {
    const reader = await idleReader()
    const dropped = drop(['embeddings_idx'])
    await dropWaits()
    const application = await connect('application')
    // Whoever waits longer than that for a lock is told so by the server.
    await application.query("set lock_timeout = '100ms'")
    for (let i = 0; i < 100; i += 1) {
      await application.query('select count(*) from public.embeddings where code = $1', [i])
      await application.query('update public.embeddings set code = code + 1 where id = $1', [i + 1])
    }
    await dropWaits()
    await reader.query('commit')
    expect(await dropped).toMatchObject({ changed: true })
    expect(await names()).not.toContain('embeddings_idx')
  })

  test('out of time, names who is in the way and leaves an invalid index, which the next call finishes (DEF-12)', async () => {
    const reader = await idleReader()
    const { rows } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid')
    await expect(drop(['embeddings_idx'], 1)).rejects.toMatchObject({
      name: 'Index.DropBlocked',
      message: expect.stringMatching(
        new RegExp(
          `"public\\.embeddings_idx" could not be dropped within 1 s: public\\.embeddings: "forgetful-reader" \\(pid ${rows[0]?.pid}\\), idle in transaction`,
        ),
      ),
    })
    expect(await indexes()).toContainEqual(expect.objectContaining({ name: 'embeddings_idx', valid: false }))
    await reader.query('commit')
    expect(await drop(['embeddings_idx'])).toMatchObject({ changed: true })
    expect(await names()).not.toContain('embeddings_idx')
    // It is wanted whole again, also after a drop that was half done.
    expect(await rebuild()).toMatchObject({ changed: true })
    expect(await indexes()).toContainEqual(expect.objectContaining({ name: 'embeddings_idx', valid: true }))
  })

  test.each([
    '_ccnew',
    '_ccold',
  ] as const)('what an interrupted reindex left behind is dropped as well: %s', async (suffix) => {
    await interruptedReindex('embeddings_idx', suffix)
    await drop(['embeddings_idx'])
    expect(await names()).toEqual(['embeddings_pkey', 'others_idx', 'others_pkey'])
  })

  test('what an interrupted reindex left behind is dropped although the index itself is gone', async () => {
    await interruptedReindex('embeddings_idx')
    await admin.query('drop index public.embeddings_idx')
    expect(await drop(['embeddings_idx'])).toMatchObject({ changed: true })
    expect(await names()).toEqual(['embeddings_pkey', 'others_idx', 'others_pkey'])
  })

  test('what an interrupted reindex left of an index with the longest of names is dropped as well', async () => {
    expect(LONG_NAME).toHaveLength(63)
    await admin.query(`alter index public.embeddings_idx rename to ${LONG_NAME}`)
    await interruptedReindex(LONG_NAME)
    await drop([LONG_NAME])
    expect(await names()).toEqual(['embeddings_pkey', 'others_idx', 'others_pkey'])
  })

  test('an index that is only called like a leftover stays: a valid one, and one of a table that is not protected', async () => {
    await admin.query(`
      create index embeddings_idx_ccnew on public.embeddings (code);
      create index embeddings_idx_ccold on public.others (code);
      update pg_index set indisvalid = false where indexrelid = 'public.embeddings_idx_ccold'::regclass`)
    await drop(['embeddings_idx'])
    expect(await names()).toEqual([
      'embeddings_idx_ccnew',
      'embeddings_idx_ccold',
      'embeddings_pkey',
      'others_idx',
      'others_pkey',
    ])
  })

  test.each([
    ['embeddings_pkey', 'Index.OfConstraint', /"public\.embeddings_pkey" carries a constraint/],
    ['others_idx', 'Index.NotProtected', /"public\.others_idx" is an index of "public\.others"/],
  ])('refuses %s (%s), and drops none of the others that it was given', async (name, error, message) => {
    const before = await indexes()
    await expect(drop(['embeddings_idx', name])).rejects.toMatchObject({
      name: error,
      category: 'refused',
      message: expect.stringMatching(message),
    })
    expect(await indexes()).toEqual(before)
  })

  test('refuses a unique index that a foreign key needs', async () => {
    await admin.query(`
      create unique index embeddings_code on public.embeddings (code);
      alter table public.others add foreign key (code) references public.embeddings (code)`)
    await expect(drop(['embeddings_code'])).rejects.toMatchObject({ name: 'Postgres.DependentObjects' })
    expect(await indexes()).toContainEqual(expect.objectContaining({ name: 'embeddings_code', valid: true }))
  })

  test('refuses when the lease is lost', async () => {
    run = { ...run, epoch: 2 }
    await expect(drop(['embeddings_idx'])).rejects.toMatchObject({ name: 'Lease.Lost' })
    expect(await names()).toContain('embeddings_idx')
  })

  test('what was dropped is built again as it was: definition, options, comment, targets and place as the clustering index', async () => {
    await admin.query(`
      create unique index "Tenant ""X""" on public.embeddings (code desc nulls last, lower(tenant) collate "C")
        include (id) with (fillfactor = 70) where code > 10;
      alter index public."Tenant ""X""" alter column 2 set statistics 500;
      comment on index public."Tenant ""X""" is E'two\\nlines';
      create index embeddings_cluster on public.embeddings (tenant);
      alter table public.embeddings cluster on embeddings_cluster`)
    const before = await indexes()
    const all = ['embeddings_idx', 'Tenant "X"', 'embeddings_cluster']
    await drop(all)
    for (const name of all) expect(await names()).not.toContain(name)
    expect(await rebuild()).toMatchObject({ changed: true, waitSeconds: 0 })
    expect(await indexes()).toEqual(before)
    expect(await rebuild()).toMatchObject({ changed: false, detail: 'no index was missing' })
  })
})
