import { expect, test } from 'vitest'
import type { PlanName, SnapshotId } from '#core/names.ts'
import type { SweptObjects } from '#core/ports.ts'
import { examineSnapshot } from '#core/snapshot/examine.ts'
import { manifestKey, partKey } from '#core/snapshot/keys.ts'
import { listSnapshots } from '#core/snapshot/list.ts'
import { ENVIRONMENT, keysIn, PLAN, sweptBucket, writeParts, writeSealed } from './folders-in-bucket.ts'

const ID = 'inc-1' as SnapshotId
const NAME = { plan: PLAN, snapshot: ID, environment: ENVIRONMENT }
const part = (index: number) => partKey(PLAN, ID, index)

const change = async (objects: SweptObjects, key: string, how: (body: Buffer) => Uint8Array | string) => {
  const found = await objects.read(key)
  await objects.write(key, how(Buffer.from(found?.body ?? '')))
}
const flip = (body: Buffer) => {
  body[body.length - 3] = (body[body.length - 3] ?? 0) ^ 1
  return body
}
const failuresOf = async (objects: SweptObjects, name = NAME) =>
  (await examineSnapshot(objects, name)).failures.map(({ name, message }) => [name, /"([^"]*)"/.exec(message)?.[1]])

test('a whole snapshot: every byte was read, nothing is wrong, and nothing was written', async () => {
  const { objects } = await sweptBucket()
  await writeSealed(objects, ID)
  const before = await keysIn(objects)
  let announced = 0
  let read = 0
  const examined = await examineSnapshot(objects, NAME, {
    began: (bytes) => {
      announced = bytes
    },
    read: (bytes) => {
      read += bytes
    },
  })
  expect(examined).toMatchObject({ failures: [], objects: 4, bytes: announced, manifest: { snapshot: ID } })
  expect(read).toBe(announced)
  expect(await keysIn(objects)).toEqual(before)
})

test('a flipped byte, a truncated and a missing part and an edited manifest are all named, not the first alone', async () => {
  const { objects } = await sweptBucket()
  await writeSealed(objects, ID)
  await change(objects, part(0), flip)
  await change(objects, part(1), (body) => body.subarray(0, -1))
  await objects.delete(part(2))
  await change(objects, manifestKey(PLAN, ID), (body) => body.toString().replace('"database":"db"', '"database":"da"'))
  expect(await failuresOf(objects)).toEqual([
    ['Snapshot.ManifestCorrupt', manifestKey(PLAN, ID)],
    ['Snapshot.PartCorrupt', part(0)],
    ['Snapshot.PartTruncated', part(1)],
    ['Snapshot.PartMissing', part(2)],
  ])
})

test('the manifest of another environment or of another snapshot is refused, though its parts are whole', async () => {
  const { objects } = await sweptBucket()
  const manifest = await writeSealed(objects, ID)
  expect(await failuresOf(objects, { ...NAME, environment: 'prod' })).toEqual([
    ['Snapshot.OtherEnvironment', manifestKey(PLAN, ID)],
  ])
  await objects.write(manifestKey(PLAN, 'inc-2' as SnapshotId), JSON.stringify(manifest))
  expect(await failuresOf(objects, { ...NAME, snapshot: 'inc-2' as SnapshotId })).toEqual([
    ['Snapshot.ManifestCorrupt', manifestKey(PLAN, 'inc-2' as SnapshotId)],
  ])
})

test('without a manifest, or with one that is no JSON, it is no snapshot', async () => {
  const { objects } = await sweptBucket()
  await writeParts(objects, ID)
  expect(await failuresOf(objects)).toEqual([['Snapshot.NotSealed', ID]])
  await objects.write(manifestKey(PLAN, ID), '{"format": 1,')
  expect(await failuresOf(objects)).toEqual([['Snapshot.ManifestCorrupt', manifestKey(PLAN, ID)]])
})

test('a bucket that does not answer says nothing about the snapshot', async () => {
  const { objects } = await sweptBucket()
  await writeSealed(objects, ID)
  const silent: SweptObjects = {
    ...objects,
    stream: async () => {
      throw new Error('no answer')
    },
  }
  await expect(examineSnapshot(silent, NAME)).rejects.toThrow('no answer')
})

test('a list shows what is sealed, what is none, and what cannot be trusted, of each plan', async () => {
  const { objects } = await sweptBucket()
  await writeSealed(objects, 'a-sealed')
  await writeParts(objects, 'b-open')
  await writeSealed(objects, 'c-edited')
  await change(objects, manifestKey(PLAN, 'c-edited' as SnapshotId), (body) => body.toString().replace('"db"', '"da"'))
  await writeSealed(objects, 'd-other', 'other' as PlanName)
  await objects.write('snapshots/no folder', 'x')
  await objects.write('snapshots/ü/bad name/x', 'x')
  const listed = await listSnapshots(objects, { environment: ENVIRONMENT })
  expect(listed.map(({ plan, snapshot, state }) => [plan, snapshot, state])).toEqual([
    ['other', 'd-other', 'sealed'],
    [PLAN, 'a-sealed', 'sealed'],
    [PLAN, 'b-open', 'not sealed'],
    [PLAN, 'c-edited', 'not trusted'],
  ])
  expect(await listSnapshots(objects, { plan: 'other' as PlanName, environment: 'prod' })).toMatchObject([
    { snapshot: 'd-other', state: 'not trusted', problems: [{ name: 'Snapshot.OtherEnvironment' }] },
  ])
})
