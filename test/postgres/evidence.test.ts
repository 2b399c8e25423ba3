import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import { Evidence, evidenceNames } from '#core/evidence/preserve.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, readJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { preserveEvidence } from '#core/steps/preserve-evidence.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const BUCKET = 'evidence'
const SECRET = 'top-secret-4711'
const Kept = z.object({ at: z.iso.datetime(), rows: z.array(z.record(z.string(), z.unknown())) })

describePostgres('evidence from a real server', () => {
  const current = useEndpoints()
  const objects = s3Objects(BUCKET)
  let db: TestDatabase
  let admin: Client
  let plan: Plan
  let runs = 0
  const clients: Client[] = []

  const connect = async (name: string, url = db.url): Promise<Client> => {
    const client = new Client({ connectionString: url, application_name: name })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  const newRun = async (): Promise<Run> => {
    plan = await loadPlan(await planFolder())
    return {
      plan: plan.name,
      planDigest: plan.digest,
      incident: `incident-${++runs}` as IncidentId,
      execution: 'arn',
      epoch: 1,
      path: 'flag',
      drill: false,
    }
  }
  const preserve = (run: Run, url = db.url) =>
    preserveEvidence.run(
      { run, input: {} },
      {
        database: postgres({ url }),
        objects,
        clock: realClock,
        plans: { names: async () => [plan.name], load: async () => plan },
        signal: new AbortController().signal,
      },
    )
  const index = async (run: Run) =>
    Evidence.array().parse((await readJson(objects, `evidence/${run.incident}/seen/index.json`))?.value)
  const rowsOf = async (run: Run, name: string) => {
    const found = await readJson(objects, `evidence/${run.incident}/seen/${name}.json`)
    return Kept.parse(found?.value).rows
  }
  const everything = async (run: Run) =>
    new Map((await readAllJson(objects, `incidents/${run.incident}/`)).map(({ key, value }) => [key, value]))

  beforeAll(async () => {
    await createBucket(current().endpoints.url, BUCKET)
    db = await createDatabase()
    admin = await connect('admin', db.superuserUrl)
    const master = await connect('setup')
    await master.query(`
      create table public.embeddings (id int primary key, tenant text, embedding vector(3));
      insert into public.embeddings select i, 'a', '[1,2,3]' from generate_series(1, 100) i;
      create index embeddings_idx on public.embeddings using hnsw (embedding vector_l2_ops);
      alter table public.embeddings enable row level security;
      create policy mine on public.embeddings using (tenant = 'a');
      analyze public.embeddings`)
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await db?.drop()
  })

  test('shows what runs, who waits for whom and for what, and no value of anybody', async () => {
    const holder = await connect('migration')
    await holder.query(`begin; update public.embeddings set tenant = '${SECRET}' where id = 7`)
    const waiter = await connect('billing')
    const waiting = waiter.query(
      `/* for ${SECRET} */ delete from public.embeddings where id = 7 and tenant <> E'${SECRET}'`,
    )
    await vi.waitFor(async () => {
      const { rowCount } = await admin.query(
        `select from pg_stat_activity where application_name = 'billing' and wait_event_type = 'Lock'`,
      )
      expect(rowCount).toBe(1)
    })
    const prepared = await connect('two-phase')
    await prepared.query(`begin; lock table public.embeddings in row share mode; prepare transaction '${db.name}'`)

    const run = await newRun()
    try {
      expect(await preserve(run)).toEqual({ changed: true, detail: '9 of 9 pieces kept', kept: 9 })
    } finally {
      await holder.query('rollback')
      await waiting
      await prepared.query(`rollback prepared '${db.name}'`)
    }

    const { rows } = await admin.query<{ pid: number; name: string }>(
      `select pid, application_name as name from pg_stat_activity where application_name in ('migration', 'billing')`,
    )
    const pid = (name: string) => rows.find((row) => row.name === name)?.pid
    const queries = await rowsOf(run, 'running-queries')
    expect(queries).toContainEqual(
      expect.objectContaining({
        pid: pid('billing'),
        user: db.master,
        state: 'active',
        wait_event_type: 'Lock',
        blocked_by: [pid('migration')],
        query: '  delete from public.embeddings where id = ? and tenant <> ?',
      }),
    )
    expect(queries).toContainEqual(
      expect.objectContaining({
        pid: pid('migration'),
        state: 'idle in transaction',
        query: 'begin; update public.embeddings set tenant = ? where id = ?',
      }),
    )
    const locks = (await rowsOf(run, 'locks')).filter(({ relation }) => relation === 'embeddings')
    expect(locks).toContainEqual(expect.objectContaining({ pid: pid('migration'), mode: 'RowExclusiveLock' }))
    expect(locks).toContainEqual(expect.objectContaining({ pid: null, mode: 'RowShareLock', granted: true }))
    expect(JSON.stringify([...(await everything(run))])).not.toContain(SECRET)
  })

  test('tells sizes, indexes, policies and versions of what the plan protects', async () => {
    const run = await newRun()
    await preserve(run)
    expect(await rowsOf(run, 'sizes')).toMatchObject([
      { schema: 'public', name: 'embeddings', estimated_rows: '100', total_bytes: expect.stringMatching(/^\d+$/) },
    ])
    expect(await rowsOf(run, 'indexes')).toMatchObject([
      { index: 'embeddings_idx', method: 'hnsw', valid: true, definition: expect.stringContaining('vector_l2_ops') },
      { index: 'embeddings_pkey', method: 'btree', valid: true, unique: true },
    ])
    expect(await rowsOf(run, 'policies')).toMatchObject([
      { table: 'embeddings', enabled: true, forced: false, policy: 'mine', command: '*', roles: ['public'] },
    ])
    expect(await rowsOf(run, 'extensions')).toContainEqual(
      expect.objectContaining({ name: 'vector', schema: 'public', version: expect.stringMatching(/^0\.\d+/) }),
    )
    expect(await rowsOf(run, 'server')).toMatchObject([{ database: db.name, user: db.master, in_recovery: false }])
    expect((await index(run)).map(({ name }) => name)).toEqual(evidenceNames(plan))
  })

  test('that one privilege is missing for is unknown, and says which; everything else is kept', async () => {
    const sizes = 'function pg_catalog.pg_total_relation_size(regclass)'
    await admin.query(`revoke execute on ${sizes} from public`)
    const run = await newRun()
    try {
      expect(await preserve(run)).toMatchObject({ changed: true, detail: '8 of 9 pieces kept' })
    } finally {
      await admin.query(`grant execute on ${sizes} to public`)
    }
    const unknown = (await index(run)).filter(({ status }) => status === 'unknown')
    expect(unknown).toMatchObject([{ name: 'sizes', key: null, detail: expect.stringContaining('42501') }])
    expect(await rowsOf(run, 'indexes')).toHaveLength(2)
  })

  test('says how many queries a role without pg_read_all_stats could not see', async () => {
    const blind = db.role('blind')
    await admin.query(`create role ${blind} login`)
    const run = await newRun()
    await preserve(run, db.urlOf(blind))
    expect((await index(run)).find(({ name }) => name === 'running-queries')).toMatchObject({
      status: 'kept',
      detail: expect.stringMatching(/^\d+ rows, \d+ of them hidden: grant pg_read_all_stats/),
    })
  })

  test("keeps what the plan asks for of its own, as the application's role, and says so where it cannot be had", async () => {
    const run = await newRun()
    const app = db.role('tenant')
    await admin.query(`create role ${app}; grant ${app} to ${db.master}; grant select on public.embeddings to ${app}`)
    const own = (as: string) => ({ describe: 'Who is concerned.', file: 'sql/tenants.sql', as })
    plan = {
      ...plan,
      evidence: { tenants: own(app), nobody: own('no_such_role') },
      sql: { ...plan.sql, 'sql/tenants.sql': 'select distinct tenant, current_user as role from public.embeddings' },
    }
    expect(await preserve(run)).toMatchObject({ changed: true, detail: '10 of 11 pieces kept' })
    expect(await rowsOf(run, 'tenants')).toEqual([{ tenant: 'a', role: app }])
    expect((await index(run)).filter(({ status }) => status === 'unknown')).toMatchObject([
      { name: 'nobody', key: null, detail: expect.stringContaining('no_such_role') },
    ])
  })

  test('stays as it was seen first when it is asked for again', async () => {
    const run = await newRun()
    await preserve(run)
    const first = await everything(run)
    await (await connect('newcomer')).query('select 1')
    expect(await preserve(run)).toEqual({ changed: false, detail: '9 of 9 pieces kept', kept: 9 })
    expect(await everything(run)).toEqual(first)
  })

  test('is unknown while the database is down, which stops nothing, and is kept once it is up again', async () => {
    const run = await newRun()
    expect(await preserve(run, 'postgresql://nobody@127.0.0.1:1/nothing')).toEqual({
      changed: false,
      detail: '0 of 9 pieces kept',
      kept: 0,
    })
    expect(new Set((await index(run)).map(({ status }) => status))).toEqual(new Set(['unknown']))
    expect(await preserve(run)).toMatchObject({ changed: true, kept: 9 })
    expect(new Set((await index(run)).map(({ status }) => status))).toEqual(new Set(['kept']))
  })

  test('is unknown while the bucket is down, which stops nothing', async () => {
    const run = await newRun()
    current().endpoints.faults.down('s3')
    try {
      expect(await preserve(run)).toEqual({ changed: false, detail: '0 of 9 pieces kept', kept: 0 })
    } finally {
      current().endpoints.faults.up('s3')
    }
    expect(await everything(run)).toEqual(new Map())
  })
})
