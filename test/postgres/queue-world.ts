import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import { capture } from '#core/steps/capture.ts'
import { drain } from '#core/steps/drain.ts'
import { runSql } from '#core/steps/run-sql.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, type TestDatabase } from '#test/support/database.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

/** Types whose text is easily lost: a json with its own newline, bytes, a vector, a number with its zeros. */
const TABLES = `
  create table public.articles (id int primary key, slug text, metadata jsonb, embedding vector(3));
  create table public.tasks (
    id int primary key, article_id int, status text not null, reason text, started_at timestamptz,
    note json, raw bytea, cost numeric, embedding vector(3), error text);
  insert into public.articles select i, 'article-' || i, case when i % 2 = 0 then '{"tags": ["x"]}'::jsonb end, '[1,2,3]'
    from generate_series(1, 6) i;
  insert into public.tasks select i, (i + 1) / 2, case when i <= 4 then 'processing' else 'pending' end, 'migration',
    timestamptz '2026-11-01 00:00:00.123456+00' + make_interval(mins => i), E'{"a":\\n 1.10, "a": 2}', '\\x00ff', 1.500, '[0.1,2,3]', null
    from generate_series(1, 12) i`

/** A bucket, a database with a queue of 12 tasks (4 processing, 8 pending), a lease, and the steps with a plan of these files. */
export const useQueue = () => {
  const current = useEndpoints()
  const clients: Client[] = []
  let plan: Plan
  let runs = 0
  const world = {} as {
    db: TestDatabase
    admin: Client
    objects: Objects
    run: Run
    files: Record<string, string>
    now: () => Date
  }
  beforeAll(async () => {
    plan = await loadPlan(PLAN_FOLDER)
    world.db = await createDatabase()
  })
  afterAll(() => world.db?.drop())
  const connect = async (name: string, url = world.db.url): Promise<Client> => {
    const client = new Client({ connectionString: url, application_name: name })
    client.on('error', () => undefined)
    await client.connect()
    clients.push(client)
    return client
  }
  beforeEach(async () => {
    const bucket = `queue-${++runs}`
    await createBucket(current().endpoints.url, bucket)
    world.objects = s3Objects(bucket)
    world.admin = await connect('admin', world.db.superuserUrl)
    world.files = { 'sql/sentinel.sql': `select '${plan.name}'` }
    world.now = () => new Date()
    await (await connect('setup')).query(`drop table if exists public.tasks, public.articles, public.back; ${TABLES}`)
    const incident = `incident-${runs}` as IncidentId
    const { name, digest } = plan
    world.run = { plan: name, planDigest: digest, incident, execution: 'arn', epoch: 1, path: 'partial', drill: false }
    const claimedAt = new Date().toISOString()
    const lease = { plan: name, epoch: 1, incident, execution: 'arn', claimedAt, released: false }
    await writeJson(world.objects, `leases/${name}.json`, lease)
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
  })
  const ports = (objects: Objects) => ({
    database: postgres({ url: world.db.url }),
    objects,
    clock: { ...realClock, now: () => world.now() },
    plans: { names: async () => [plan.name], load: async () => ({ ...plan, sql: world.files }) },
    signal: new AbortController().signal,
  })
  /** The bucket, with something that happens right after a key was written. */
  const after = (key: RegExp, event: () => Promise<unknown>): Objects => ({
    ...world.objects,
    write: async (...call) => {
      const written = await world.objects.write(...call)
      if (key.test(call[0])) await event()
      return written
    },
  })
  const keysOf = async (prefix = `evidence/${world.run.incident}/captured/`) => {
    const found: string[] = []
    for await (const { key } of world.objects.list(prefix)) found.push(key.slice(prefix.length))
    return found
  }
  const textOf = async (key: string): Promise<string> => {
    const found = await world.objects.read(`evidence/${world.run.incident}/captured/${key}`)
    return Buffer.from(found?.body ?? []).toString('utf8')
  }
  return {
    world,
    faults: () => current().endpoints.faults,
    connect,
    after,
    keysOf,
    textOf,
    linesOf: async (key: string): Promise<Record<string, unknown>[]> =>
      (await textOf(key))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    /** Rows as text, in order of their id. */
    rows: async (table: 'tasks' | 'articles') =>
      (await world.admin.query<{ row: string }>(`select r::text as row from public.${table} r order by id`)).rows.map(
        ({ row }) => row,
      ),
    statuses: async () =>
      (await world.admin.query(`select status, count(*)::int as n from public.tasks group by 1 order by 1`)).rows.map(
        ({ status, n }) => `${status} ${n}`,
      ),
    runSql: (input: Parameters<typeof runSql.run>[0]['input'], objects = world.objects) =>
      runSql.run({ run: world.run, input }, ports(objects)),
    capture: (rows: string, objects = world.objects) =>
      capture.run({ run: world.run, input: { rows } }, ports(objects)),
    drain: (input: Parameters<typeof drain.run>[0]['input'], objects = world.objects) =>
      drain.run({ run: world.run, input }, ports(objects)),
  }
}

export const OPEN = `select t.* from public.tasks as t where t.status in ('pending', 'processing');`
export const CANCEL = `update public.tasks set status = 'failed', error = 'cancelled'
  where id in (select id from pg_temp.captured);`
