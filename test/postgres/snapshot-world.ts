import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type QueryResultRow } from 'pg'
import { postgres } from '#aws/postgres.ts'
import { readJson } from '#core/json.ts'
import type { IncidentId, PlanName, RetirementId, SnapshotId, Table } from '#core/names.ts'
import type { Database, Objects, Session } from '#core/ports.ts'
import { purge } from '#core/purge/purge.ts'
import { choosePurge } from '#core/purge/subject.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import type { Retirement } from '#core/retire/record.ts'
import { retire } from '#core/retire/retire.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { sealSnapshot } from '#core/snapshot/seal.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { createDatabase, postgresBin, type TestDatabase } from '#test/support/database.ts'

export const PLAN = 'search' as PlanName
export const INCIDENT = 'inc-1' as IncidentId
export const RETIREMENT = 'inc-1' as string as RetirementId
export const SNAPSHOT = 'inc-1' as string as SnapshotId
export const environment = 'test'

/** A database with an application's tables in it, and a bucket: what a rollback works on. */
export interface World {
  readonly db: TestDatabase
  readonly database: Database
  readonly objects: Objects
  readonly tables: readonly Table[]
  /** What the plan allows to go along with them, or to stay. */
  readonly allow?: readonly string[]
  /** One session of the product. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>
  /** As the superuser, who can do what nobody should. */
  query<R extends QueryResultRow>(text: string): Promise<R[]>
  /** As the owner of the tables: what the application does. */
  asOwner(text: string): Promise<void>
  /** `pg_dump --schema-only` without the retired tables. */
  dump(): string
  close(): Promise<void>
}

/** `schema`: SQL that the owner of the tables runs; `:owner` and `:reader` stand for roles. */
export async function createWorld(schema: string, tables: readonly Table[]): Promise<World> {
  const [db, objects] = await Promise.all([createDatabase(), newBucket()])
  const superuser = new Client(db.superuserUrl)
  await superuser.connect()
  const roles = { owner: db.role('owner'), reader: db.role('reader') }
  for (const role of Object.values(roles)) await superuser.query(`create role "${role}"`)
  await superuser.query(`grant "${roles.owner}" to "${db.master}"; grant create on database "${db.name}" to "${roles.owner}";
    grant create on schema public to "${roles.owner}"`)
  const text = schema.replaceAll(':owner', roles.owner).replaceAll(':reader', roles.reader)
  const asOwner = async (statements: string) => {
    await superuser.query(`set role "${roles.owner}"`)
    try {
      await superuser.query(statements)
    } finally {
      await superuser.query('reset role')
    }
  }
  await asOwner(text)
  const database = postgres({ url: db.url })
  return {
    db,
    database,
    objects,
    tables,
    session: (work) => database.session({ applicationName: 'vector-rollback:search:1:test' }, work),
    query: async <R extends QueryResultRow>(statement: string) => (await superuser.query<R>(statement)).rows,
    asOwner,
    dump: () => dump(db),
    async close() {
      await superuser.end()
      await db.drop()
    },
  }
}

export const nastySchema = (): string => readFileSync(new URL('snapshot-schema.sql', import.meta.url), 'utf8')

/** Two small tables, one of them with vectors, for what goes wrong. */
export const SMALL_SCHEMA = `
  create table public.items (id integer primary key, embedding public.vector(3), note text);
  create index items_embedding_idx on public.items using hnsw (embedding public.vector_l2_ops);
  create table public.notes (id serial primary key, item integer references public.items (id), body text);
  insert into public.items select n, array[n, 1, 2]::real[]::public.vector, 'note ' || n from generate_series(1, 50) n;
  insert into public.notes (item, body) select 1 + n % 50, repeat('b', n) from generate_series(1, 100) n;`
export const SMALL_TABLES: readonly Table[] = [
  { schema: 'public', name: 'items' },
  { schema: 'public', name: 'notes' },
]

function dump({ superuserUrl }: TestDatabase): string {
  const tool = postgresBin === null ? 'pg_dump' : join(postgresBin, 'pg_dump')
  const text = execFileSync(tool, ['--schema-only', '--exclude-schema=vector_rollback_retired', superuserUrl], {
    encoding: 'utf8',
  })
  // A random token of newer versions of the tool.
  return text.replaceAll(/^\\(un)?restrict .*$/gm, '')
}

export const retireAll = async ({ session, tables, allow = [] }: Work): Promise<Retirement> =>
  (await session((s) => retire(s, { plan: PLAN, retirement: RETIREMENT, tables, allow, clock }))).retirement

/** Retires the tables and copies all parts; not sealed yet. */
export async function copyAll(world: Work, partBytes = 65_536): Promise<{ retirement: Retirement; items: PartItem[] }> {
  const retirement = await retireAll(world)
  const { key } = await world.session((s) => planParts(s, world.objects, { retirement, partBytes }))
  const items = PartItem.array().parse((await readJson(world.objects, key))?.value)
  for (const item of items) await world.session((s) => snapshotPart(s, world.objects, item))
  return { retirement, items }
}

export const seal = ({ session, objects, database }: Work, retirement: Retirement) =>
  session((s) => sealSnapshot(s, objects, { retirement, environment, database: database.label, clock }))

export async function snapshotAll(world: Work): Promise<Retirement> {
  const { retirement } = await copyAll(world)
  await seal(world, retirement)
  return retirement
}

export const choose = ({ session, objects }: Work, extension?: string) =>
  session((s) =>
    choosePurge(s, objects, {
      plan: PLAN,
      environment,
      retention: 0,
      // The database stamps with its own clock.
      now: new Date(Date.now() + 60_000),
      ...(extension === undefined ? {} : { extension }),
    }),
  )

export const purgeChosen = async (world: Work, extension?: string) => {
  const subject = await choose(world, extension)
  return world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} }))
}

export const RESTORE = { plan: PLAN, incident: 'inc-2' as IncidentId, snapshot: SNAPSHOT, environment }

export async function prepareAndLoad({ session, objects }: Work): Promise<RestoreItem[]> {
  const { key } = await session((s) => prepareRestore(s, objects, { ...RESTORE, createExtension: false }))
  const items = RestoreItem.array().parse((await readJson(objects, key))?.value)
  for (const item of items) await session((s) => loadPart(s, objects, item))
  return items
}

export async function buildAll({ session, objects }: Work): Promise<string[]> {
  const indexes = await session((s) => listRestoreIndexes(s, objects, RESTORE))
  const options = { applicationName: 'vector-rollback:search:1:build', memoryBudget: 2 ** 30, workers: 1 }
  for (const index of indexes) await session((s) => buildIndex(s, index, { ...options, waitMs: 60_000 }))
  return indexes.map(({ name }) => name)
}

/** What the operations need of a world. */
export type Work = Pick<World, 'session' | 'objects' | 'database' | 'tables' | 'allow'>

export async function restoreAll(world: Work) {
  await prepareAndLoad(world)
  await world.session((s) => finishLoad(s, world.objects, RESTORE))
  await buildAll(world)
  await world.session((s) => compareRestore(s, world.objects, RESTORE))
  return swap(world)
}

export const swap = ({ session, objects }: Work) => session((s) => swapIn(s, objects, { ...RESTORE, clock, locks: {} }))

/** Overwrites an object, as somebody with access to the bucket could. */
export async function tamper(
  objects: Objects,
  key: string,
  change: (body: Buffer) => Uint8Array | string,
): Promise<void> {
  const found = await objects.read(key)
  if (!found) throw new Error(`no object "${key}"`)
  await objects.write(key, change(Buffer.from(found.body)))
}
