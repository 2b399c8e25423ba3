import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { type Manifest, readManifest } from '#core/snapshot/manifest.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import {
  copyAll,
  createWorld,
  environment,
  PLAN,
  purgeChosen,
  RESTORE,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  seal,
  snapshotAll,
  tamper,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const folder = `snapshots/${PLAN}/${SNAPSHOT}`
const MANIFEST = `${folder}/manifest.json`
const LIST = `${folder}/parts.json`
const PART = `${folder}/parts/000000.copy.zst`

type Json = Record<string, never> & { tables: Manifest['tables'] }

/** An editor that knows what the manifest says of itself. */
const edited = (objects: Objects, edit: (manifest: Json) => void): Promise<void> =>
  tamper(objects, MANIFEST, (body) => {
    const { sha256: _, ...manifest } = JSON.parse(body.toString())
    edit(manifest)
    return JSON.stringify({ ...manifest, sha256: digestOf(manifest) })
  })

const first = <T>(list: readonly T[]): T => {
  const [one] = list
  if (one === undefined) throw new Error('there is nothing')
  return one
}

interface Damage {
  readonly what: string
  readonly error: string
  /** The object that the refusal names. */
  readonly names: string
  do(objects: Objects): Promise<void>
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'a truncated part',
    error: 'Snapshot.PartTruncated',
    names: PART,
    do: (objects) => tamper(objects, PART, (body) => body.subarray(0, -1)),
  },
  {
    what: 'an edited manifest',
    error: 'Snapshot.ManifestCorrupt',
    names: MANIFEST,
    do: (objects) => tamper(objects, MANIFEST, (body) => body.toString().replace('"rows": 50', '"rows": 51')),
  },
  {
    what: 'a manifest whose editor left out a part, and recomputed its digest',
    error: 'Snapshot.ManifestCorrupt',
    names: MANIFEST,
    do: (objects) =>
      edited(objects, ({ tables }) => {
        const table = first(tables)
        Object.assign(table, { parts: [{ ...first(table.parts), rows: 1 }] })
      }),
  },
  {
    what: 'a manifest whose editor took rows off a part and its table alike, and recomputed its digest',
    error: 'Snapshot.ManifestCorrupt',
    names: `${PART}.json`,
    do: (objects) =>
      edited(objects, ({ tables }) => {
        const table = first(tables)
        const digest = 'f'.repeat(32)
        Object.assign(first(table.parts), { rows: 7, digest })
        Object.assign(table, { rows: 7, digest })
      }),
  },
  {
    what: 'a manifest whose editor made a grant of its own, and recomputed its digest',
    error: 'Snapshot.ManifestCorrupt',
    names: MANIFEST,
    do: (objects) =>
      edited(objects, ({ tables }) => {
        const grant = { grantor: 'nobody', grantee: null, privilege: 'SELECT', grantable: false }
        Object.assign(first(tables).definition, { grants: [grant] })
      }),
  },
  {
    what: 'a manifest from another environment',
    error: 'Snapshot.OtherEnvironment',
    names: MANIFEST,
    do: (objects) => edited(objects, (manifest) => Object.assign(manifest, { environment: 'prod' })),
  },
]

describePostgres('a damaged snapshot', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  afterEach(() => world.close())

  /** Every row of the catalogue with the transaction that wrote it, and the records of the retirements. */
  const catalogue = () =>
    world.query(`
      select 'class' as what, oid::text, xmin::text from pg_class union all
      select 'schema', oid::text, xmin::text from pg_namespace union all
      select 'column', attrelid || '.' || attnum, xmin::text from pg_attribute union all
      select 'constraint', oid::text, xmin::text from pg_constraint union all
      select 'retirement', id, xmin::text from vector_rollback_retired.retirements order by 1, 2`)
  const choose = () =>
    world.session((s) =>
      chooseRestore(s, world.objects, { plan: PLAN, environment, tables: SMALL_TABLES, createExtension: false }),
    )
  const prepare = (objects = world.objects) =>
    world.session((s) => prepareRestore(s, objects, { ...RESTORE, createExtension: false }))
  const refusal = ({ error, names }: Pick<Damage, 'error' | 'names'>) =>
    expect.objectContaining({ name: error, message: expect.stringContaining(names), category: 'refused' })
  const refusesBeforeAnyWrite = async (work: () => Promise<unknown>, by: Pick<Damage, 'error' | 'names'>) => {
    const before = await catalogue()
    await expect(work()).rejects.toThrow(refusal(by))
    expect(await catalogue()).toEqual(before)
  }

  describe.each(DAMAGES)('$what', (damage) => {
    test('keeps the retired tables from being purged', async () => {
      await snapshotAll(world)
      await damage.do(world.objects)
      await refusesBeforeAnyWrite(() => purgeChosen(world), damage)
    })

    test('is refused by a restore before any write', async () => {
      await snapshotAll(world)
      await purgeChosen(world)
      await damage.do(world.objects)
      await refusesBeforeAnyWrite(prepare, damage)
    })
  })

  test('that lacks a part is refused before any write (DEF-20)', async () => {
    await snapshotAll(world)
    const without: Objects = { ...world.objects, head: async (key) => (key === PART ? null : world.objects.head(key)) }
    const missing = { error: 'Snapshot.PartMissing', names: PART }
    await refusesBeforeAnyWrite(() => purgeChosen({ ...world, objects: without }), missing)
    await purgeChosen(world)
    await refusesBeforeAnyWrite(() => prepare(without), missing)
  })

  test('with a flipped byte is found by the verification, which writes nothing', async () => {
    await snapshotAll(world)
    await tamper(world.objects, PART, (body) => {
      body[body.length - 3] = (body[body.length - 3] ?? 0) ^ 1
      return body
    })
    const name = { plan: PLAN, snapshot: SNAPSHOT, environment }
    const verify = async () =>
      verifySnapshot(world.objects, await readManifest(world.objects, name), { depth: 'digests' })
    await refusesBeforeAnyWrite(verify, { error: 'Snapshot.PartCorrupt', names: PART })
  })

  test('whose manifest is damaged is not chosen, and no older one in its place (DEF-17)', async () => {
    await snapshotAll(world)
    await purgeChosen(world)
    await tamper(world.objects, MANIFEST, (body) => body.subarray(0, 200))
    await refusesBeforeAnyWrite(choose, { error: 'Snapshot.ManifestCorrupt', names: MANIFEST })
  })

  type Item = { columns: string[]; from: number; to: number | null; table: { name: string }; key: string }
  test.each<[string, (items: Item[]) => unknown]>([
    ['a column', (items) => first(items).columns.pop()],
    ['pages', (items) => Object.assign(first(items), { from: 1 })],
    ['the last pages', (items) => Object.assign(items.at(-1) ?? {}, { to: 1 })],
    ['a table', (items) => items.splice(1)],
  ])('list of parts that leaves out %s is never sealed', async (_, edit) => {
    const { retirement } = await copyAll(world)
    const list = async () => {
      await tamper(world.objects, LIST, (body) => {
        const items = JSON.parse(body.toString())
        edit(items)
        return JSON.stringify(items)
      })
      return seal(world, retirement)
    }
    await refusesBeforeAnyWrite(list, { error: 'Snapshot.PartsCorrupt', names: LIST })
  })
})
