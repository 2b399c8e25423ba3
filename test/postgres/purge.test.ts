import { afterEach, beforeEach, expect, test } from 'vitest'
import { purge } from '#core/purge/purge.ts'
import { choosePurge } from '#core/purge/subject.ts'
import {
  choose,
  copyAll,
  createWorld,
  environment,
  PLAN,
  purgeChosen,
  SMALL_SCHEMA,
  SMALL_TABLES,
  seal,
  snapshotAll,
  tamper,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const DAY = 86_400_000

const named = (error: string, text = '') =>
  expect.objectContaining({ name: error, message: expect.stringContaining(text) })

describePostgres('a purge', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  afterEach(() => world.close())

  const rowsLeft = async () => {
    const names = await world.query<{ name: string }>(
      `select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
       where relkind = 'r' and relname ~ '^r[0-9a-f]{12}_' order by 1`,
    )
    const rows: number[] = []
    for (const { name } of names) rows.push((await world.query(`select from ${name}`)).length)
    return rows.sort((a, b) => a - b)
  }
  const UNTOUCHED = [50, 100]
  const retired = async () =>
    (await snapshotAll(world)).tables.map((table) => `vector_rollback_retired.${table.retired.name}`)

  test('has nothing to do where nothing lies retired', async () => {
    await expect(choose(world)).rejects.toThrow(named('Purge.NothingToPurge', PLAN))
  })

  test('waits for the retention, and says when it is over', async () => {
    const { retiredAt } = await snapshotAll(world)
    const due = new Date(new Date(retiredAt).getTime() + 7 * DAY)
    const at = (now: Date) =>
      world.session((s) => choosePurge(s, world.objects, { plan: PLAN, environment, retention: 7 * DAY, now }))
    await expect(at(new Date(due.getTime() - 1))).rejects.toThrow(named('Purge.TooEarly', due.toISOString()))
    expect(await at(due)).toMatchObject({ rows: 150 })
  })

  test('is refused while the snapshot is not sealed (DEF-74)', async () => {
    await copyAll(world)
    await expect(choose(world)).rejects.toThrow(named('Purge.NotSealed'))
  })

  test('shows everything that goes with the tables', async () => {
    await snapshotAll(world)
    const { destroys, tables } = await choose(world)
    expect(tables).toEqual([
      { schema: 'public', name: 'items', rows: 50 },
      { schema: 'public', name: 'notes', rows: 100 },
    ])
    const kinds = destroys.map((object) => object.slice(0, object.indexOf(' "')))
    expect(kinds.filter((kind) => kind === 'table')).toHaveLength(2)
    expect(kinds).toEqual(expect.arrayContaining(['index', 'sequence', 'table constraint']))
  })

  test.each([
    ['added', (table: string) => `insert into ${table} values (999, null, null)`],
    ['deleted', (table: string) => `delete from ${table} where id = 7`],
    ['changed', (table: string) => `update ${table} set embedding = '[1,1,1]' where id = 7`],
  ])('is refused when a superuser has %s a row since the snapshot', async (_, change) => {
    const [items] = await retired()
    const subject = await choose(world)
    if (!items) throw new Error('nothing was retired')
    await world.query('set session_replication_role = replica')
    await world.query(change(items))
    await expect(
      world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} })),
    ).rejects.toThrow(named('Purge.ChangedSinceSnapshot', 'public.items'))
    expect(await rowsLeft()).toHaveLength(2)
  })

  test.each([
    ['a view', 'view "public.v"', (items: string) => `create view public.v as select id from ${items}`],
    [
      'a foreign key',
      'table constraint "k on public.k"',
      (items: string) => `create table public.k (item integer constraint k references ${items} (id))`,
    ],
    [
      'a column of its row type',
      'table column "public.holder.item"',
      (items: string) => `create table public.holder (item ${items})`,
    ],
    [
      'a function with its row type',
      'function "public.f',
      (items: string) => `create function public.f(${items}) returns integer language sql as 'select 1'`,
    ],
    ['a child table', 'table "public.child"', (items: string) => `create table public.child () inherits (${items})`],
    [
      'a publication',
      'publication relation "',
      (items: string) => `create publication ${world.db.name}_p for table ${items}`,
    ],
    [
      'a default that uses its sequence',
      'default value "for public.user_of.n"',
      () =>
        `create table public.user_of (n integer); do $$ begin execute (select format('alter table public.user_of alter n set default nextval(%L)',
        c.oid::regclass) from pg_class c where relkind = 'S' and relnamespace = 'vector_rollback_retired'::regnamespace); end $$`,
    ],
  ])('is refused when %s depends on a table, and names it', async (_, what, create) => {
    const [items] = await retired()
    await world.query(create(items ?? ''))
    await expect(choose(world)).rejects.toThrow(named('Purge.NotCovered', what))
  })

  test('is refused when something came to depend on a table after the approval', async () => {
    const [items] = await retired()
    const subject = await choose(world)
    await world.query(`create view public.late as select id from ${items}`)
    await expect(
      world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} })),
    ).rejects.toThrow(named('Purge.NotCovered', 'view "public.late"'))
    expect(await rowsLeft()).toEqual(UNTOUCHED)
  })

  test('is refused when the catalogue or the manifest is not the approved one', async () => {
    const [items] = await retired()
    const subject = await choose(world)
    const other = { ...subject, manifestSha256: 'f'.repeat(64) as typeof subject.manifestSha256 }
    const attempt = (approved: typeof subject) =>
      world.session((s) => purge(s, world.objects, { subject: approved, environment, clock, locks: {} }))
    await expect(attempt(other)).rejects.toThrow(named('Purge.SubjectChanged', 'manifest'))
    await world.query(`create index on ${items} (note)`)
    await expect(attempt(subject)).rejects.toThrow(named('Purge.SubjectChanged', 'catalogue'))
    expect(await rowsLeft()).toEqual(UNTOUCHED)
  })

  test.each([
    ['a part is cut short', 'Snapshot.PartTruncated', 'parts/000001.copy.zst', (body: Buffer) => body.subarray(0, 9)],
    [
      'the manifest was edited',
      'Snapshot.ManifestCorrupt',
      'manifest.json',
      (body: Buffer) => body.toString().replace('"rows": 50', '"rows": 51'),
    ],
  ])('is refused when %s at that moment', async (_, error, file, change) => {
    await snapshotAll(world)
    const subject = await choose(world)
    await tamper(world.objects, `snapshots/${PLAN}/inc-1/${file}`, change)
    await expect(
      world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} })),
    ).rejects.toThrow(named(error, file))
    expect(await rowsLeft()).toEqual(UNTOUCHED)
  })

  test('is refused in another environment', async () => {
    await snapshotAll(world)
    const subject = await choose(world)
    await expect(
      world.session((s) => purge(s, world.objects, { subject, environment: 'prod', clock, locks: {} })),
    ).rejects.toThrow(named('Snapshot.OtherEnvironment'))
    expect(await rowsLeft()).toEqual(UNTOUCHED)
  })

  test('of two at once one destroys, and the other finds it done', async () => {
    await snapshotAll(world)
    const subject = await choose(world)
    const attempt = () => world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} }))
    const results = await Promise.all([attempt(), attempt()])
    expect(results.map(({ changed }) => changed).sort()).toEqual([false, true])
    expect(await rowsLeft()).toEqual([])
  })

  test('keeps an extension that is not ours, and one that another table uses, and says so (DEF-13)', async () => {
    await snapshotAll(world)
    expect((await choose(world, 'vector')).extension).toEqual({ name: 'vector', kept: 'It belongs to "postgres".' })
    await world.query('create table public.unrelated (v public.vector(3))')
    expect(await purgeChosen(world, 'vector')).toMatchObject({
      changed: true,
      extension: { name: 'vector', kept: expect.stringContaining('"public.unrelated.v" uses it.') },
    })
    expect(await world.query(`select extname from pg_extension where extname = 'vector'`)).toHaveLength(1)
  })

  test('drops the extension that the plan names, when nothing else uses it', async () => {
    const { retirement } = await copyAll(world)
    await seal(world, retirement)
    // As on RDS, where the master user creates extensions.
    await world.query(`update pg_extension set extowner = '${world.db.master}'::regrole where extname = 'vector'`)
    expect(await purgeChosen(world, 'vector')).toMatchObject({
      changed: true,
      extension: { name: 'vector', kept: null },
    })
    expect(await world.query(`select extname from pg_extension where extname = 'vector'`)).toEqual([])
  })
})
