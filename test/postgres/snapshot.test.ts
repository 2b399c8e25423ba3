import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Objects } from '#core/ports.ts'
import { sidecarKey } from '#core/snapshot/keys.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { addDigests, NO_ROWS, rowDigest } from '#core/snapshot/row-digest.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import {
  copyAll,
  createWorld,
  environment,
  PLAN,
  retireAll,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  seal,
  snapshotAll,
  tamper,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const name = { plan: PLAN, snapshot: SNAPSHOT, environment }
const MANIFEST = `snapshots/${PLAN}/${SNAPSHOT}/manifest.json`
const named = (error: string, key?: string) =>
  expect.objectContaining({ name: error, ...(key === undefined ? {} : { message: expect.stringContaining(key) }) })

const keysOf = async (objects: Objects): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of objects.list('snapshots/')) keys.push(key)
  return keys
}

describePostgres('a snapshot', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  afterEach(() => world.close())

  test('the digests of the parts add up to the digest of the table', async () => {
    await world.query(`insert into public.items select n, null, repeat('y', 900) from generate_series(51, 900) n`)
    const { retirement, items } = await copyAll(world)
    const table = retirement.tables[0]?.retired
    if (!table) throw new Error('nothing was retired')
    const own = items.filter((item) => item.table.name === table.name)
    expect(own.length).toBeGreaterThan(3)
    const parts = []
    for (const item of own) parts.push((await world.session((s) => snapshotPart(s, world.objects, item))).part)
    const whole = await world.session((s) =>
      s.transaction(async () => {
        await s.query({ text: 'set local role vector_rollback_retired', values: [] })
        return rowDigest(s, table)
      }),
    )
    expect(parts.reduce(addDigests, NO_ROWS)).toEqual(whole)
    expect(whole.rows).toBe(900)
  })

  test('a copy that is interrupted leaves no part and no manifest, and a second try completes it', async () => {
    const retirement = await retireAll(world)
    const { key } = await world.session((s) => planParts(s, world.objects, { retirement }))
    const items = PartItem.array().parse(
      JSON.parse(Buffer.from((await world.objects.read(key))?.body ?? '').toString()),
    )
    const [first, ...others] = items
    if (!first) throw new Error('there are no parts')
    const stopping: Objects = {
      ...world.objects,
      upload: async (_, body) => {
        for await (const _chunk of body) break
        throw new Error('killed')
      },
    }
    await expect(world.session((s) => snapshotPart(s, stopping, first))).rejects.toThrow('killed')
    expect(await keysOf(world.objects)).toEqual([key])
    for (const item of others) await world.session((s) => snapshotPart(s, world.objects, item))
    await expect(seal(world, retirement)).rejects.toThrow(named('Snapshot.Incomplete', first.key))
    await expect(readManifest(world.objects, name)).rejects.toThrow(named('Snapshot.NotSealed', SNAPSHOT))
    await world.session((s) => snapshotPart(s, world.objects, first))
    expect(await seal(world, retirement)).toMatchObject({ changed: true, rows: 150 })
  })

  test('a part that was cut short in the bucket is copied again', async () => {
    const { retirement, items } = await copyAll(world)
    const [item] = items
    if (!item) throw new Error('there are no parts')
    await tamper(world.objects, item.key, (body) => body.subarray(0, -1))
    await expect(seal(world, retirement)).rejects.toThrow(named('Snapshot.PartTruncated', item.key))
    expect(await world.session((s) => snapshotPart(s, world.objects, item))).toMatchObject({ changed: true })
    expect(await seal(world, retirement)).toMatchObject({ changed: true })
  })

  test('a row that somebody adds to the retired table while it is copied keeps it from being sealed', async () => {
    const { retirement } = await copyAll(world)
    await world.query(
      `insert into vector_rollback_retired.${retirement.tables[0]?.retired.name} values (999, null, null)`,
    )
    await expect(seal(world, retirement)).rejects.toThrow(named('Snapshot.RowsDiffer', 'public.items'))
  })

  test('a sealed snapshot is not sealed again with other parts', async () => {
    const retirement = await snapshotAll(world)
    const key = sidecarKey(`snapshots/${PLAN}/${SNAPSHOT}/parts/000000.copy.zst`)
    await tamper(world.objects, key, (body) => body.toString().replace(/"digest": "./, '"digest": "f'))
    await expect(seal(world, retirement)).rejects.toThrow(named('Snapshot.OtherManifest'))
  })

  test('verifying names the object that is missing, cut short, or has another byte', async () => {
    await snapshotAll(world)
    const manifest = await readManifest(world.objects, name)
    const [one, two] = manifest.tables.map(({ parts }) => parts[0]?.key ?? '')
    if (!one || !two) throw new Error('there are no parts')
    await tamper(world.objects, two, (body) => {
      body[body.length - 3] = (body[body.length - 3] ?? 0) ^ 1
      return body
    })
    await verifySnapshot(world.objects, manifest, { depth: 'lengths' })
    await expect(verifySnapshot(world.objects, manifest, { depth: 'digests' })).rejects.toThrow(
      named('Snapshot.PartCorrupt', two),
    )
    await tamper(world.objects, one, (body) => body.subarray(1))
    await expect(verifySnapshot(world.objects, manifest, { depth: 'lengths' })).rejects.toThrow(
      named('Snapshot.PartTruncated', one),
    )
    const without: Objects = { ...world.objects, head: async (key) => (key === one ? null : world.objects.head(key)) }
    await expect(verifySnapshot(without, manifest, { depth: 'lengths' })).rejects.toThrow(
      named('Snapshot.PartMissing', one),
    )
  })

  test('an edited manifest is refused, whatever was edited', async () => {
    await snapshotAll(world)
    const original = Buffer.from((await world.objects.read(MANIFEST))?.body ?? '').toString()
    const edits = [
      original.replace('"rows": 50', '"rows": 49'),
      original.replace('"createdAt": "2', '"createdAt": "3'),
      original.replace('"format": 1', '"format": 2'),
      original.slice(0, -20),
    ]
    for (const edited of edits) {
      expect(edited).not.toBe(original)
      await world.objects.write(MANIFEST, edited)
      await expect(readManifest(world.objects, name)).rejects.toThrow(named('Snapshot.ManifestCorrupt', MANIFEST))
    }
    await world.objects.write(MANIFEST, original)
    await readManifest(world.objects, name)
  })

  test('a manifest of another environment, or copied under another name, is refused', async () => {
    await snapshotAll(world)
    await expect(readManifest(world.objects, { ...name, environment: 'prod' })).rejects.toThrow(
      named('Snapshot.OtherEnvironment', '"prod"'),
    )
    const copy = { ...name, snapshot: 'inc-9' as typeof SNAPSHOT }
    await world.objects.write(MANIFEST.replace(SNAPSHOT, 'inc-9'), (await world.objects.read(MANIFEST))?.body ?? '')
    await expect(readManifest(world.objects, copy)).rejects.toThrow(named('Snapshot.ManifestCorrupt', 'inc-9'))
  })
})
