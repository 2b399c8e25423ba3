import { afterEach, beforeEach, expect, test } from 'vitest'
import { printTable } from '#core/names.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { retire } from '#core/retire/retire.ts'
import {
  CHUNKS,
  createPartitions,
  definitionsOf,
  lookAtPartitions,
  ROOTS,
  TREES,
  undo,
} from '#test/postgres/partitions-world.ts'
import { PLAN, RETIREMENT, retireAll, type World } from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('partitioned tables that are retired', () => {
  let world: World
  beforeEach(async () => {
    world = await createPartitions()
  })
  afterEach(() => world.close())

  test('go with all their partitions, at any depth, and come back as they were', async () => {
    const before = { dump: world.dump(), seen: await lookAtPartitions(world), definitions: await definitionsOf(world) }
    const retired = await retireAll(world)
    expect(retired.tables.map(({ definition }) => definition.table)).toEqual(TREES)
    expect(
      await world.query(`select relname from pg_class where relkind in ('r', 'p') and relname like 'chunks%'`),
    ).toEqual([])
    expect(await undo(world)).toMatchObject({ changed: true, lostForeignKeys: [], unvalidatedForeignKeys: [] })
    expect(world.dump().split('\n')).toEqual(before.dump.split('\n'))
    expect(await lookAtPartitions(world)).toEqual(before.seen)
    expect(await definitionsOf(world)).toEqual(before.definitions)
    expect(await undo(world)).toMatchObject({ changed: false, lostForeignKeys: [], unvalidatedForeignKeys: [] })
  })

  test('are retired once, whoever asks again', async () => {
    const first = await retireAll(world)
    expect(await retireAll(world)).toEqual(first)
    const chunks = world.session((s) =>
      retire(s, { plan: PLAN, retirement: RETIREMENT, tables: [CHUNKS], allow: [], clock }),
    )
    await expect(chunks).rejects.toMatchObject({ name: 'Retire.OtherTables' })
  })

  test('are locked whole: the preview names every partition', async () => {
    const planned = await world.session((s) =>
      planRetirement(s, { retirement: RETIREMENT, tables: [CHUNKS], allow: [] }),
    )
    const [locked, trees] = [planned.locked.map(printTable), TREES.map(printTable)]
    expect(locked).toEqual(expect.arrayContaining(trees.filter((name) => !/kinds|nothing/.test(name))))
    expect(planned.refusals).toEqual([])
  })

  test('are locked from the root down, as those who read them do it', async () => {
    const locks: string[] = []
    await world.session((session) => {
      const query = session.query.bind(session)
      session.query = (statement) => {
        if (statement.text.startsWith('lock table')) locks.push(statement.text)
        return query(statement)
      }
      return retire(session, { plan: PLAN, retirement: RETIREMENT, tables: ROOTS, allow: [], clock })
    })
    const modes = locks.filter((lock) => lock.endsWith('in access exclusive mode'))
    expect(modes).not.toEqual([])
    for (const lock of modes) {
      const root = lock.indexOf('"public"."chunks"')
      expect(lock.indexOf('"public"."chunks_2024_a"')).toBeGreaterThan(root)
      expect(lock.indexOf('"Söhne; ""P"""."Früh')).toBeGreaterThan(root)
    }
  })

  test('with rows that lost their partner come back with the key on every partition, unvalidated where they are', async () => {
    const dump = world.dump()
    await retireAll(world)
    await world.query(`delete from public.tenants where tenant = 'c'`)
    const { unvalidatedForeignKeys, lostForeignKeys } = await undo(world)
    expect(lostForeignKeys).toEqual([])
    expect(
      unvalidatedForeignKeys.map(({ foreignKey, orphans }) => [printTable(foreignKey.from), foreignKey.name, orphans]),
    ).toContainEqual(['public.chunks_2024_rest', 'chunks_tenant_fkey', expect.stringMatching(/^[1-9]/)])
    await expect(world.query(`insert into public.chunks (at, tenant) values ('2024-03-01', 'none')`)).rejects.toThrow(
      'violates foreign key constraint "chunks_tenant_fkey"',
    )
    expect(await undo(world)).toMatchObject({ changed: false, lostForeignKeys: [] })
    await world.query(`insert into public.tenants values ('c')`)
    expect(await undo(world)).toMatchObject({ changed: false, lostForeignKeys: [], unvalidatedForeignKeys: [] })
    expect(world.dump().split('\n')).toEqual(dump.split('\n'))
  })

  test('get no key over a partition that came meanwhile without it: it is named, nobody waits for a look at its rows', async () => {
    const dump = world.dump()
    await retireAll(world)
    await world.asOwner(
      `create table public.ratings_next partition of public.ratings for values from ('2031-01-01') to ('2032-01-01')`,
    )
    expect((await undo(world)).unvalidatedForeignKeys).toMatchObject([
      {
        foreignKey: { name: 'ratings_chunk_fkey' },
        orphans: null,
        why: expect.stringContaining('public.ratings_next'),
      },
    ])
    await world.asOwner(
      `alter table public.ratings_next add foreign key (chunk, at, tenant) references public.chunks (id, at, tenant)`,
    )
    expect(await undo(world)).toMatchObject({ changed: false, lostForeignKeys: [], unvalidatedForeignKeys: [] })
    await world.asOwner(
      'alter table public.ratings detach partition public.ratings_next; drop table public.ratings_next',
    )
    expect(world.dump().split('\n')).toEqual(dump.split('\n'))
  })

  test('are left alone when a partition comes in between the look and the locks', async () => {
    const dump = world.dump()
    let arrived = false
    const retiring = world.session((session) => {
      const query = session.query.bind(session)
      session.query = async (statement) => {
        if (!arrived && statement.text.startsWith('lock table')) {
          arrived = true
          await world.asOwner(
            `create table public.late partition of public.chunks for values from ('2031-01-01') to ('2032-01-01')`,
          )
        }
        return query(statement)
      }
      return retire(session, { plan: PLAN, retirement: RETIREMENT, tables: [CHUNKS], allow: [], clock })
    })
    await expect(retiring).rejects.toMatchObject({
      name: 'Retire.CatalogueChanged',
      message: expect.stringContaining('"public.late" became part of one of the tables'),
    })
    await world.asOwner('alter table public.chunks detach partition public.late; drop table public.late')
    expect(world.dump().split('\n')).toEqual(dump.split('\n'))
  })

  test('are refused by name: a partition without its parent, one that is a foreign table', async () => {
    const rest = { schema: 'public', name: 'chunks_rest' }
    const alone = world.session((s) =>
      retire(s, { plan: PLAN, retirement: RETIREMENT, tables: [rest], allow: [], clock }),
    )
    await expect(alone).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringContaining('"table public.chunks_rest" is a partition of a table that is not among them.'),
    })
    await world.query(`create foreign data wrapper nowhere; create server far foreign data wrapper nowhere;
      create table public.near (id int) partition by list (id);
      create foreign table public.far partition of public.near default server far`)
    await world.query(
      `alter foreign table public.far owner to ${world.db.role('owner')}; alter table public.near owner to ${world.db.role('owner')}`,
    )
    const dump = world.dump()
    await expect(retireAll({ ...world, tables: [{ schema: 'public', name: 'near' }] })).rejects.toMatchObject({
      category: 'refused',
      message: expect.stringContaining('"public.far" is not an ordinary or partitioned table'),
    })
    expect(world.dump()).toBe(dump)
  })
})
