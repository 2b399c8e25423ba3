import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PurgeSubject } from '#core/purge/subject.ts'
import { readManifest, retiredWith } from '#core/snapshot/manifest.ts'
import { ALLOWED, createDependentWorld, look } from '#test/postgres/dependents-schema.ts'
import {
  choose,
  environment,
  PLAN,
  purgeChosen,
  restoreAll,
  SNAPSHOT,
  snapshotAll,
  swap,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('views, functions and publications through purge and restore', () => {
  let world: World
  let before: { dump: string; seen: Awaited<ReturnType<typeof look>> }
  let subject: PurgeSubject
  let left: object[]
  let restored: Awaited<ReturnType<typeof restoreAll>>[]

  beforeAll(async () => {
    world = await createDependentWorld()
    before = { dump: world.dump(), seen: await look(world) }
    await snapshotAll(world)
    subject = await choose(world)
    await purgeChosen(world)
    left = await world.query(`
      select relname as name from pg_class where relname ~ '^r[0-9a-f]{12}_'
      union all select proname from pg_proc where proname ~ '^r[0-9a-f]{12}_'`)
    restored = [await restoreAll(world), await swap(world)]
  })
  afterAll(() => world.close())

  test('restored means identical: pg_dump --schema-only, byte for byte', () => {
    expect(world.dump().split('\n')).toEqual(before.dump.split('\n'))
  })

  test('restored means identical: what views, materialized views, functions and publications show', async () => {
    expect(await look(world)).toEqual(before.seen)
  })

  test('a materialized view that had no data has none, the others are filled', async () => {
    expect(restored).toMatchObject([
      { changed: true, unrefreshed: [] },
      { changed: false, unrefreshed: [] },
    ])
    expect(await world.query('select matviewname as name, ispopulated from pg_matviews order by 1')).toEqual([
      { name: 'counted', ispopulated: true },
      { name: 'nearest', ispopulated: true },
      { name: 'never', ispopulated: false },
    ])
  })

  test('the purge showed each of them by the name it had, and left nothing', () => {
    const gone = ALLOWED.filter((object) => !object.startsWith('publication'))
    expect(subject.destroys.flatMap((line) => line.split(', which was ')[1] ?? []).sort()).toEqual([...gone].sort())
    expect(left).toEqual([])
  })

  test('the manifest carries them, each after what it uses', async () => {
    const manifest = await readManifest(world.objects, { plan: PLAN, snapshot: SNAPSHOT, environment })
    const names = retiredWith(manifest).map(({ definition }) => definition.object)
    expect(new Set(names)).toEqual(new Set(ALLOWED))
    const at = (object: string) => names.indexOf(object)
    expect(at('view public.recent')).toBeLessThan(at('materialized view public.never'))
    expect(at('materialized view public.nearest')).toBeLessThan(at('materialized view public.counted'))
    expect(at('function public.newest(integer)')).toBeLessThan(at('view public.top'))
  })
})
