import { once } from 'node:events'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { readJson } from '#core/json.ts'
import type { PlanName, SnapshotId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { choosePurge } from '#core/purge/subject.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { listRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import { findManifest, type LiveManifest, manifestDigest, readManifest } from '#core/snapshot/manifest.ts'
import { type LiveInput, takeLive } from '#core/snapshot/take-live.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import { endEarlierHolders } from '#core/sql/earlier-holders.ts'
import {
  choose,
  createWorld,
  environment,
  PLAN,
  purgeChosen,
  RESTORE,
  RETIREMENT,
  retireAll,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  snapshotAll,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const LIVE = 'live-1' as SnapshotId
const NAME = { plan: PLAN, snapshot: LIVE, environment }
const named = (error: string, text = '') =>
  expect.objectContaining({ name: error, message: expect.stringContaining(text) })

describePostgres('a live snapshot', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  const clients: Client[] = []
  afterEach(async () => {
    // Before the database goes, which would end them with an error.
    for (const client of clients.splice(0)) await client.end()
    await world.close()
  })

  const take = (objects: Objects = world.objects, more: Partial<LiveInput> = {}) =>
    takeLive(world.database, objects, {
      plan: PLAN,
      snapshot: LIVE,
      environment,
      tables: SMALL_TABLES,
      partBytes: 65_536,
      concurrency: 2,
      clock,
      check: async () => undefined,
      ...more,
    })

  /** The bucket, with something that happens before each part is written. */
  const before = (happens: (signal: AbortSignal | undefined) => Promise<void>): Objects => ({
    ...world.objects,
    upload: async (key, body, signal) => {
      await happens(signal)
      return world.objects.upload(key, body, signal)
    },
  })

  const client = async (applicationName = 'somebody'): Promise<Client> => {
    const own = new Client({ connectionString: world.db.superuserUrl, application_name: applicationName })
    await own.connect()
    clients.push(own)
    return own
  }

  const many = (from: number, to: number) => `
    insert into public.items select n, null, repeat('y', 900) from generate_series(${from}, ${to}) n;
    insert into public.notes (item, body) select n, 'first' from generate_series(${from}, ${to}) n;
    insert into public.notes (item, body) select n, repeat('z', 900) from generate_series(${from}, ${to}) n;`

  const openTransactions = async () =>
    (
      await world.query(
        `select from pg_stat_activity where starts_with(application_name, 'vector-rollback:${PLAN}:0:') and datname = current_database()`,
      )
    ).length

  test('is of one moment, while writers go on: no half-done transaction, and rows that refer to each other fit', async () => {
    await world.query(many(51, 500))
    const halfDone = await client()
    await halfDone.query(`begin; ${many(90_001, 90_050)}`)
    let next = 1_000
    const writing = before(async () => {
      next += 10
      await world.query(`begin; ${many(next, next + 9)} commit`)
      await world.query(`delete from public.notes where item = ${next - 700}`)
      await world.query(`update public.items set note = 'changed' where id between 100 and 150`)
    })
    const { tables, takenAt } = await take(writing)
    const rows = Object.fromEntries(tables.map((table) => [table.name, table.rows]))
    expect(tables.flatMap(({ parts }) => parts).length).toBeGreaterThan(8)
    expect(rows).toEqual({ items: 500, notes: 100 + 2 * 450 })
    expect(next).toBeGreaterThan(1_080)
    expect(Math.abs(Date.parse(takenAt) - Date.now())).toBeLessThan(60_000)
    await halfDone.query('rollback')
  })

  test('says that it is live and of no retirement, with the moment, and its sequences are not behind its rows', async () => {
    await world.query(`select setval('public.notes_id_seq', 4711)`)
    const drawing = before(async () => void (await world.query(`select nextval('public.notes_id_seq')`)))
    await take(drawing)
    const manifest = await readManifest(world.objects, NAME)
    expect(manifest).toMatchObject({ consistency: 'live', retirement: null, takenAt: expect.stringMatching(/Z$/) })
    const [sequence] = manifest.tables.flatMap(({ definition }) => definition.sequences)
    expect(sequence).toMatchObject({ lastValue: '4711', isCalled: true })
    expect(await verifySnapshot(world.objects, manifest, { depth: 'digests' })).toMatchObject({ depth: 'digests' })
  })

  test('authorises no purge, even when it lies under the name of the retirement', async () => {
    await take()
    await retireAll(world)
    const { sha256: _, ...live } = (await readManifest(world.objects, NAME)) as LiveManifest
    const renamed = { ...live, snapshot: SNAPSHOT }
    await world.objects.write(
      `snapshots/${PLAN}/${SNAPSHOT}/manifest.json`,
      JSON.stringify({ ...renamed, sha256: manifestDigest(renamed) }),
    )
    expect(await findManifest(world.objects, { ...NAME, snapshot: SNAPSHOT })).toMatchObject({ consistency: 'live' })
    await expect(choose(world)).rejects.toThrow(named('Purge.LiveSnapshot', SNAPSHOT))
    const rows = await world.query(`select from vector_rollback_retired.retirements where purged_at is not null`)
    expect(rows).toEqual([])
  })

  test('put under the name of the retirement after the approval, it stops the purge', async () => {
    await take()
    const live = (await readManifest(world.objects, NAME)) as LiveManifest
    await snapshotAll(world)
    const { sha256: _, ...renamed } = { ...live, snapshot: SNAPSHOT }
    const swapping: World = {
      ...world,
      session: async (work) => {
        await world.objects.write(
          `snapshots/${PLAN}/${SNAPSHOT}/manifest.json`,
          JSON.stringify({ ...renamed, sha256: manifestDigest(renamed) }),
        )
        return world.session(work)
      },
    }
    const subject = await choose(world)
    expect(subject.retirement).toBe(RETIREMENT)
    await expect(purgeChosen({ ...swapping, session: onlyLast(world, swapping) })).rejects.toThrow(
      named('Purge.LiveSnapshot'),
    )
  })

  /** The first session is that of the choice. */
  const onlyLast = (first: World, others: World): World['session'] => {
    let sessions = 0
    return (work) => {
      sessions += 1
      return sessions === 1 ? first.session(work) : others.session(work)
    }
  }

  test('is not restored unless it is asked for', async () => {
    await take()
    await world.query('drop table public.notes, public.items')
    const choosing = world.session((s) =>
      chooseRestore(s, world.objects, { plan: PLAN, environment, tables: SMALL_TABLES, createExtension: false }),
    )
    await expect(choosing).rejects.toThrow(named('Restore.NoSnapshot', 'public.items'))
  })

  test('asked for by its id, is restored identical: rows, definitions, and the next value of a sequence', async () => {
    const before = world.dump()
    await take()
    const rows = await world.query('select n::text from public.notes n order by id')
    await world.query('drop table public.notes, public.items')
    const input = { ...RESTORE, snapshot: LIVE }
    const { key } = await world.session((s) => prepareRestore(s, world.objects, { ...input, createExtension: false }))
    for (const item of RestoreItem.array().parse((await readJson(world.objects, key))?.value))
      await world.session((s) => loadPart(s, world.objects, item))
    await world.session((s) => finishLoad(s, world.objects, input))
    const options = { applicationName: 'vector-rollback:search:1:build', memoryBudget: 2 ** 30, workers: 1 }
    for (const index of await world.session((s) => listRestoreIndexes(s, world.objects, input)))
      await world.session((s) => buildIndex(s, index, { ...options, waitMs: 60_000 }))
    await world.session((s) => compareRestore(s, world.objects, input))
    await world.session((s) => swapIn(s, world.objects, { ...input, clock, locks: {} }))
    expect(world.dump()).toBe(before)
    expect(await world.query('select n::text from public.notes n order by id')).toEqual(rows)
    expect(await world.query(`select nextval('public.notes_id_seq')::int as next`)).toEqual([{ next: 101 }])
  })

  test('that is interrupted leaves no manifest and no transaction, and its id is used up', async () => {
    let parts = 0
    const stopping = before(async () => {
      parts += 1
      if (parts === 2) throw new Error('killed')
    })
    await expect(take(stopping)).rejects.toThrow('killed')
    expect(await findManifest(world.objects, NAME)).toBeNull()
    await expect.poll(openTransactions).toBe(0)
    await expect(take()).rejects.toThrow(named('Snapshot.IdTaken', LIVE))
    expect(await findManifest(world.objects, NAME)).toBeNull()
    expect(await take(world.objects, { snapshot: 'live-2' as SnapshotId })).toMatchObject({ snapshot: 'live-2' })
  })

  test('whose transaction is ended by the server is none, whatever was copied', async () => {
    const ending = before(async (signal) => {
      await world.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where application_name = 'vector-rollback:${PLAN}:0:live-snapshot' and datname = current_database()`)
      if (!signal?.aborted) await once(signal as AbortSignal, 'abort')
    })
    await expect(take(ending)).rejects.toMatchObject({ name: expect.stringMatching(/^Postgres\./) })
    expect(await findManifest(world.objects, NAME)).toBeNull()
  })

  test('gives way to whoever waits to change a table, since every reader would wait behind', async () => {
    const other = await client()
    let altering: Promise<unknown> | undefined
    const waiting = before(async (signal) => {
      altering ??= other.query('alter table public.items add column late integer')
      if (!signal?.aborted) await once(signal as AbortSignal, 'abort')
    })
    await expect(take(waiting)).rejects.toThrow(named('Snapshot.InTheWay', 'public.items'))
    await altering
    expect(await findManifest(world.objects, NAME)).toBeNull()
  })

  test('is ended by a rollback of the plan, which has no time to wait for it', async () => {
    const rolledBack = before(async (signal) => {
      if (signal?.aborted) return
      await world.session((s) => endEarlierHolders(s, PLAN, 1))
      expect(await openTransactions()).toBe(0)
    })
    await expect(take(rolledBack)).rejects.toMatchObject({ name: expect.stringMatching(/^Postgres\./) })
    expect(await findManifest(world.objects, NAME)).toBeNull()
  })

  test('of another role does not stop a rollback that may not end it', async () => {
    await client(`vector-rollback:${PLAN}:0:live-snapshot`)
    await expect(world.session((s) => endEarlierHolders(s, PLAN, 1))).resolves.toEqual([])
  })

  test('is refused where row security hides rows, naming the table; a part of the rows is no snapshot (DEF-62)', async () => {
    await world.asOwner('alter table public.notes enable row level security, force row level security')
    await expect(take()).rejects.toThrow(named('Snapshot.RowsHidden', 'public.notes'))
    expect(await findManifest(world.objects, NAME)).toBeNull()
  })

  test('is refused for the wrong database before anything is read', async () => {
    const check = async () => {
      throw new Error('the wrong one')
    }
    await expect(take(world.objects, { check, plan: PLAN as PlanName })).rejects.toThrow('the wrong one')
    expect(await world.objects.head(`snapshots/${PLAN}/${LIVE}/parts.json`)).toBeNull()
  })
})

describePostgres('a snapshot of retired tables', () => {
  test('has the sequences as they were when the tables were retired', async () => {
    const world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
    onTestFinished(() => world.close())
    await world.query(`select nextval('public.notes_id_seq') from generate_series(1, 7)`)
    const { tables } = await snapshotAllAfter(world, (retired) => `select nextval('${retired}')`)
    expect(tables.flatMap(({ definition }) => definition.sequences)).toMatchObject([
      { sequence: { name: 'notes_id_seq' }, lastValue: '107', isCalled: true },
    ])
    expect(await choosePurgeOf(world)).toMatchObject({ rows: 150 })
  })

  /** A superuser draws from the retired sequence before the snapshot is sealed. */
  const snapshotAllAfter = async (world: World, statement: (sequence: string) => string) => {
    const retirement = await retireAll(world)
    const sequence = retirement.tables.flatMap(({ renamed }) => renamed).find(({ kind }) => kind === 'sequence')
    await world.query(statement(`${sequence?.to.schema}.${sequence?.to.name}`))
    await snapshotAll(world)
    return readManifest(world.objects, { ...NAME, snapshot: SNAPSHOT })
  }
  const choosePurgeOf = (world: World) =>
    world.session((s) =>
      choosePurge(s, world.objects, { plan: PLAN, environment, retention: 0, now: new Date(Date.now() + 60_000) }),
    )
})
