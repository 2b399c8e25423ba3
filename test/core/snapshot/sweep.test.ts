import { beforeEach, describe, expect, test } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import type { SnapshotId } from '#core/names.ts'
import type { SweptObjects } from '#core/ports.ts'
import { judgeAll, type SweepRules } from '#core/snapshot/judge.ts'
import { looksLive, manifestKey, newLiveSnapshot, partKey } from '#core/snapshot/keys.ts'
import { sweepJudged } from '#core/snapshot/sweep.ts'
import { keysIn, PLAN, sweptBucket, writeParts, writeSealed } from './folders-in-bucket.ts'

const DAY = 86_400_000
const LIVE = 'live-20261121T031207Z-0a1b2c'
let objects: SweptObjects
let begin: (key: string) => Promise<void>
beforeEach(async () => {
  const bucket = await sweptBucket()
  objects = bucket.objects
  begin = bucket.begin
})

/** Eight days later, without a database. */
const rules = (more: Partial<SweepRules> = {}): SweepRules => ({
  olderThan: 7 * DAY,
  now: new Date(Date.now() + 8 * DAY),
  sessionOf: async () => null,
  ...more,
})
const verdicts = async (more: Partial<SweepRules> = {}) =>
  Object.fromEntries((await judgeAll(objects, rules(more))).folders.map(({ snapshot, verdict }) => [snapshot, verdict]))
const reason = async (more: Partial<SweepRules> = {}) => (await judgeAll(objects, rules(more))).folders[0]?.why
const sweep = async (more: Partial<SweepRules> = {}) =>
  sweepJudged(objects, await judgeAll(objects, rules(more)), rules(more))
const lease = (released: boolean) =>
  objects.write(
    keys.lease(PLAN),
    JSON.stringify({ plan: PLAN, epoch: 1, incident: 'inc-9', execution: 'arn', claimedAt: 'now', released }),
  )

describe('is kept', () => {
  test('a sealed snapshot, whatever its age, and one with a manifest that cannot be trusted', async () => {
    await writeSealed(objects, LIVE)
    await writeParts(objects, newLiveSnapshot(new Date()))
    const [edited] = (await judgeAll(objects, rules())).folders.filter(({ snapshot }) => snapshot !== LIVE)
    await objects.write(manifestKey(PLAN, edited?.snapshot as SnapshotId), 'no JSON')
    expect(new Set(Object.values(await verdicts()))).toEqual(new Set(['keep']))
    const before = await keysIn(objects)
    expect(await sweep()).toMatchObject({ folders: 0, objects: 0 })
    expect(await keysIn(objects)).toEqual(before)
  })

  test('what is younger than the limit by its newest object', async () => {
    await writeParts(objects, LIVE)
    expect(await reason({ now: new Date(Date.now() + 6 * DAY) })).toContain('not old enough')
  })

  test('everything of a plan whose lease is held, or cannot be read; not of one that was given back', async () => {
    await writeParts(objects, LIVE)
    await lease(false)
    expect(await reason()).toContain('inc-9')
    await objects.write(keys.lease(PLAN), 'no JSON')
    expect(await reason()).toContain('cannot be read')
    await lease(true)
    expect(await verdicts()).toEqual({ [LIVE]: 'sweep' })
  })

  test('without the database, what may be of an open retirement', async () => {
    await writeParts(objects, 'inc-1')
    expect(await reason()).toContain('give the database')
    await writeParts(objects, LIVE)
    await objects.write(keys.retirement(PLAN, LIVE), '{}')
    expect(await verdicts()).toEqual({ 'inc-1': 'keep', [LIVE]: 'keep' })
  })
})

describe('a sweep', () => {
  test('deletes what was left behind whole, its list last, and nothing else', async () => {
    await writeSealed(objects, 'inc-1')
    await objects.write('incidents/inc-1/report.json', '{}')
    const before = await keysIn(objects)
    await writeParts(objects, LIVE)
    const deleted: string[] = []
    const watched: SweptObjects = {
      ...objects,
      delete: async (key) => {
        deleted.push(key)
        await objects.delete(key)
      },
    }
    const swept = await sweepJudged(watched, await judgeAll(objects, rules()), rules())
    expect(swept).toMatchObject({ folders: 1, objects: 7 })
    expect(deleted.at(-1)).toBe(`snapshots/${PLAN}/${LIVE}/parts.json`)
    expect(await keysIn(objects)).toEqual(before)
  })

  test('that was killed half-way is finished by the next one', async () => {
    await writeParts(objects, LIVE)
    let deleted = 0
    const dying: SweptObjects = {
      ...objects,
      delete: async (key) => {
        deleted += 1
        if (deleted === 3) throw new Error('killed')
        await objects.delete(key)
      },
    }
    await expect(sweepJudged(dying, await judgeAll(objects, rules()), rules())).rejects.toThrow('killed')
    expect(await keysIn(objects)).toHaveLength(5)
    expect(await sweep()).toMatchObject({ folders: 1, objects: 5 })
    expect(await keysIn(objects)).toEqual([])
  })

  test('leaves alone what became a snapshot, or is worked on, since it was shown', async () => {
    await writeParts(objects, LIVE)
    const judged = await judgeAll(objects, rules())
    expect(judged.folders[0]?.verdict).toBe('sweep')
    await lease(false)
    expect(await sweepJudged(objects, judged, rules())).toMatchObject({ folders: 0 })
    await lease(true)
    await writeSealed(objects, LIVE)
    expect(await sweepJudged(objects, judged, rules())).toMatchObject({ folders: 0, objects: 0 })
    expect(await keysIn(objects, 'snapshots/')).toHaveLength(8)
  })

  test('aborts uploads that nobody completes, also beside a sealed snapshot, whose objects stay', async () => {
    await writeSealed(objects, 'inc-1')
    const before = await keysIn(objects)
    await begin(partKey(PLAN, 'inc-1' as SnapshotId, 0))
    await begin('incidents/inc-1/evidence.json')
    expect((await judgeAll(objects, rules({ now: new Date() }))).uploads).toMatchObject([{ verdict: 'keep' }])
    expect(await sweep()).toMatchObject({ uploads: 1, objects: 0 })
    expect((await judgeAll(objects, rules())).uploads).toEqual([])
    expect(await keysIn(objects)).toEqual(before)
  })
})

test('the name of a live snapshot sorts by time and is known again', () => {
  const earlier = newLiveSnapshot(new Date('2026-11-21T03:12:07.123Z'))
  expect(earlier).toMatch(/^live-20261121T031207Z-[0-9a-f]{6}$/)
  expect(looksLive(earlier)).toBe(true)
  expect(looksLive('pgvector-search-full-20261121T031207Z-0a1b2c' as SnapshotId)).toBe(false)
})
