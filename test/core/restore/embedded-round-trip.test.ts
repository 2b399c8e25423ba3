import { afterAll, beforeAll, expect, test } from 'vitest'
import { readJson } from '#core/json.ts'
import type { IncidentId, PlanName, RetirementId } from '#core/names.ts'
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
import { retire } from '#core/retire/retire.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { sealSnapshot } from '#core/snapshot/seal.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'
import { realClock as clock } from '#test/support/clock.ts'

const SCHEMA = `create extension vector schema public;
  create table public.items (id bigint generated always as identity primary key, embedding public.vector(3), note text default 'none');
  create index items_embedding_idx on public.items using hnsw (embedding public.vector_l2_ops);
  insert into public.items (embedding, note) select array[n, 1, 2]::real[]::public.vector, E'tab\\t\\\\N ' || n from generate_series(1, 300) n;
  insert into public.items (embedding) values (null);`

let database: Database & { close(): Promise<void> }
let objects: Objects
beforeAll(async () => {
  ;[database, objects] = await Promise.all([embedded(), newBucket()])
  await run((session) => session.script(SCHEMA))
})
afterAll(() => database.close())

const run = <T>(work: (session: Session) => Promise<T>) => database.session({ applicationName: 'test' }, work)
const look = () =>
  run(async (session) => ({
    rows: (await session.query(sql`select i::text from public.items i order by id`)).rows,
    nearest: (
      await session.query(sql`select id from public.items order by embedding operator(public.<->) '[42.3,1,2]' limit 5`)
    ).rows,
    index: (await session.query(sql`select indexdef from pg_indexes where tablename = 'items' order by 1`)).rows,
  }))

test('on a laptop, without a server, what was purged comes back identical, the extension included', async () => {
  const before = await look()
  const plan = 'drill' as PlanName
  const environment = 'local'
  const { retirement } = await run((s) =>
    retire(s, {
      plan,
      retirement: 'drill-1' as RetirementId,
      tables: [{ schema: 'public', name: 'items' }],
      allow: [],
      clock,
    }),
  )
  const parts = await run((s) => planParts(s, objects, { retirement, partBytes: 16_384 }))
  expect(parts.count).toBeGreaterThan(1)
  for (const item of PartItem.array().parse((await readJson(objects, parts.key))?.value)) {
    await run((s) => snapshotPart(s, objects, item))
  }
  const sealed = await run((s) =>
    sealSnapshot(s, objects, { retirement, environment, database: database.label, clock }),
  )
  expect(sealed.rows).toBe(301)
  const now = new Date(Date.now() + 60_000)
  const subject = await run((s) =>
    choosePurge(s, objects, { plan, environment, retention: 0, now, extension: 'vector' }),
  )
  const purged = await run((s) => purge(s, objects, { subject, environment, clock, locks: {} }))
  expect(purged).toMatchObject({ changed: true, extension: { name: 'vector', kept: null } })

  const restore = { plan, incident: 'drill-2' as IncidentId, snapshot: sealed.snapshot, environment }
  const prepared = await run((s) => prepareRestore(s, objects, { ...restore, createExtension: true }))
  for (const item of RestoreItem.array().parse((await readJson(objects, prepared.key))?.value)) {
    await run((s) => loadPart(s, objects, item))
  }
  await run((s) => finishLoad(s, objects, restore))
  const options = { applicationName: 'test:build', waitMs: 60_000, memoryBudget: 2 ** 26, workers: 0 }
  for (const index of await run((s) => listRestoreIndexes(s, objects, restore))) {
    await run((s) => buildIndex(s, index, options))
  }
  await run((s) => compareRestore(s, objects, restore))
  await run((s) => swapIn(s, objects, { ...restore, clock, locks: {} }))
  expect(await look()).toEqual(before)
})
