import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isView } from '#core/ddl/dependents/definition.ts'
import type { RetiredDependent } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { ALLOWED, createDependentWorld, look } from '#test/postgres/dependents-schema.ts'
import { choose, copyAll, PLAN, RETIREMENT, retireAll, seal, type World } from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('retiring tables that views, functions and publications depend on', () => {
  let world: World
  let dump: string
  beforeEach(async () => {
    world = await createDependentWorld()
    dump = world.dump()
  })
  afterEach(() => world.close())

  const undo = () => world.session((s) => undoRetire(s, { retirement: RETIREMENT, clock }))

  test.each(ALLOWED)('is refused unless the plan allows %s', async (object) => {
    const allow = ALLOWED.filter((other) => other !== object)
    await expect(retireAll({ ...world, allow })).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringContaining(`"${object}"`),
    })
    expect(world.dump()).toBe(dump)
  })

  test('takes what is allowed along, and undo gives all of it back, byte for byte', async () => {
    const seen = await look(world)
    const { dependents } = await retireAll(world)
    expect(new Set(dependents.map(({ definition }) => definition.object))).toEqual(new Set(ALLOWED))
    expect(await undo()).toMatchObject({ changed: true, lostDependents: [], lostRoles: [] })
    expect(world.dump().split('\n')).toEqual(dump.split('\n'))
    expect(await look(world)).toEqual(seen)
    expect(await undo()).toMatchObject({ changed: false, lostDependents: [] })
  })

  const as = async (role: string, statement: string) => {
    await world.query(`set role "${role}"`)
    try {
      return await world.query(statement)
    } finally {
      await world.query('reset role')
    }
  }

  test('gives nobody rows through what went along: an error by the old name, and by the new one', async () => {
    const spy = world.db.role('spy')
    await world.query(`create role ${spy}; grant pg_read_all_data, ${world.db.role('owner')} to ${spy};
      grant ${spy} to ${world.db.master}; grant create on schema public to ${spy}`)
    await as(spy, 'create view public.spied as select * from public.items')
    await as(spy, `grant select on public.spied to ${world.db.role('reader')}`)
    const { dependents } = await retireAll({ ...world, allow: [...ALLOWED, 'view public.spied'] })

    const views = ['public.recent', 'public."Mine; ""é"""', 'public.top', 'public.nearest', 'public.spied']
    const moved = dependents.flatMap(({ definition, retired }) =>
      isView(definition) && retired ? `${retired.schema}."${retired.name}"` : [],
    )
    expect(moved.length).toBeGreaterThan(views.length)
    for (const role of ['owner', 'reader', 'other'].map(world.db.role)) {
      for (const view of views) {
        await expect(as(role, `select * from ${view}`)).rejects.toMatchObject({ code: '42P01' })
      }
      for (const name of moved) await expect(as(role, `table ${name}`)).rejects.toMatchObject({ code: '42501' })
      await expect(as(role, 'select public.newest()')).rejects.toMatchObject({ code: '42883' })
    }
  })

  test.each([
    [
      'a view of a superuser, which would go on giving out rows',
      'create view public.leak as select * from public.items',
      'view public.leak',
      'it belongs to a superuser, and would go on giving out rows',
    ],
    [
      'a materialized view of a superuser, which holds a copy of rows',
      'create materialized view public.leak as select * from public.items',
      'materialized view public.leak',
      'it belongs to a superuser, and would go on giving out rows',
    ],
    [
      'a function that runs as a superuser',
      'create function public.leak() returns bigint language sql security definer begin atomic select count(*) from public.items; end',
      'function public.leak()',
      'it belongs to a superuser, and would go on giving out rows',
    ],
    [
      'a publication of a superuser, out of which the table cannot be taken',
      'create publication leak for table public.items',
      'publication leak',
      'alter publication "leak" owner to "',
    ],
  ])('is refused for %s, even if the plan allows it', async (_, create, object, message) => {
    await world.query(create)
    await expect(retireAll({ ...world, allow: [...ALLOWED, object] })).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringContaining(message),
    })
  })

  test('tells what to grant when the owner of a view could not be given it back', async () => {
    const outsider = world.db.role('outsider')
    await world.query(`create role ${outsider}; grant ${outsider} to ${world.db.master};
      alter view public.recent owner to ${outsider}`)
    await expect(retireAll(world)).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringContaining(`grant create on schema "public" to "${outsider}"`),
    })
  })

  test('leaves behind what the plan allows and nobody can capture, and the purge refuses it by name', async () => {
    await world.query('create policy by_items on public.other using (exists (select from public.items))')
    const allow = [...ALLOWED, 'policy by_items on public.other']
    const { retirement } = await copyAll({ ...world, allow })
    await seal(world, retirement)
    expect(new Set(retirement.dependents.map(({ definition }) => definition.object))).toEqual(new Set(ALLOWED))
    await expect(choose(world)).rejects.toMatchObject({
      name: 'Purge.NotCovered',
      message: expect.stringContaining('policy "by_items on public.other"'),
    })
    expect(await undo()).toMatchObject({ changed: true })
  })

  test('names the reader of a materialized view that keeps it from being moved', async () => {
    const reader = new Client({ connectionString: world.db.superuserUrl, application_name: 'a report' })
    await reader.connect()
    try {
      await reader.query('begin; select * from public.nearest limit 1')
      const input = { plan: PLAN, retirement: RETIREMENT, tables: world.tables, allow: ALLOWED, clock }
      const blocked = world.session((s) => retire(s, { ...input, lockOptions: { deadlineMs: 700 } }))
      await expect(blocked).rejects.toMatchObject({
        name: 'Locks.NotAcquired',
        message: expect.stringMatching(/public\.nearest: "a report"/),
      })
    } finally {
      await reader.end()
    }
    expect(world.dump()).toBe(dump)
    expect((await retireAll(world)).dependents).not.toEqual([])
  })

  test('that is killed right after the move is made complete by the next call, and by the seal', async () => {
    const dying: World['session'] = (work) =>
      world.session((s) => {
        const query = s.query.bind(s)
        s.query = async (statement) => {
          if (statement.text.includes('jsonb_set')) throw new Error('killed')
          return (await query(statement)) as never
        }
        return work(s)
      })
    await expect(retireAll({ ...world, session: dying })).rejects.toThrow('killed')
    const [open] = await world.session((s) => findRetirements(s, PLAN))
    expect(open?.dependents).not.toEqual([])
    expect(open?.dependents.filter(({ moved }) => moved)).toEqual([])

    const { retirement } = await copyAll(world)
    const complete = retirement.dependents.filter(({ retired }) => retired)
    expect(complete.map(({ moved }) => moved?.kind)).toEqual(complete.map(({ definition }) => definition.kind))
    expect(complete).toHaveLength(9)
    expect(await world.session((s) => findRetirements(s, PLAN))).toEqual([retirement])
    await world.query(`update vector_rollback_retired.retirements set record =
      jsonb_set(record, '{dependents}', '${JSON.stringify(open?.dependents).replaceAll("'", "''")}')`)
    await seal(world, open ?? retirement)
    expect(await choose(world)).toMatchObject({ rows: 140 })
  })

  const retiredName = (dependents: readonly RetiredDependent[], object: string): string => {
    const found = dependents.find(({ definition }) => definition.object === object)?.retired
    if (!found) throw new Error(`${object} was not retired`)
    return `${found.schema}.${found.name}`
  }

  test('undo reports what somebody dropped meanwhile, and gives back the rest', async () => {
    const { dependents } = await retireAll(world)
    await world.query(`drop view ${retiredName(dependents, 'view public.top')}; drop publication second`)
    const lost = [
      { object: 'view public.top', why: 'is gone' },
      { object: 'publication second', why: 'is gone' },
    ]
    expect(await undo()).toMatchObject({ changed: true, lostDependents: lost })
    expect(await world.query('select count(*)::int as rows from public.recent')).toEqual([{ rows: 50 }])
    expect(await undo()).toMatchObject({ changed: false, lostDependents: lost })
  })

  test('undo changes nothing when a view would not come back as it was', async () => {
    const { dependents } = await retireAll(world)
    const name = retiredName(dependents, 'view public.recent')
    await world.query(`alter view ${name} alter tenant drop default`)
    await expect(undo()).rejects.toMatchObject({
      name: 'Undo.DefinitionDiffers',
      message: expect.stringContaining('"view public.recent"'),
    })
    await world.query(`alter view ${name} alter tenant set default 'new'`)
    expect(await undo()).toMatchObject({ changed: true })
  })

  test.each([
    ['view', 'create view public.recent as select 1 as one', 'view "public.recent"', 'drop view public.recent'],
    [
      'function',
      'create function public.newest(integer) returns integer return 1',
      'function public.newest(integer)',
      'drop function public.newest(integer)',
    ],
    [
      'relation with the name of an index',
      'create view public.nearest_id as select 1 as one',
      'view "public.nearest_id"',
      'drop view public.nearest_id',
    ],
  ])('undo is refused while another %s stands in the way', async (_, create, message, drop) => {
    await retireAll(world)
    await world.query(create)
    await expect(undo()).rejects.toMatchObject({ name: 'Undo.NameTaken', message: expect.stringContaining(message) })
    await world.query(drop)
    expect(await undo()).toMatchObject({ changed: true })
    expect(world.dump()).toBe(dump)
  })
})
