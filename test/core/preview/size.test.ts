import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MOST_EVENTS, MOST_PARTS, pollsOf, previewSize, type Size } from '#core/preview/size.ts'
import { pollSeconds } from '#core/restore/poll.ts'

const MiB = 1024 ** 2
const SETTINGS = { partBytes: 64 * MiB, concurrency: 2 }
const DIMS = 1_536
const rowsFor = (bytes: number): number => Math.round(bytes / (4 * DIMS + 568))
const of = (bytes: number): Size => ({ rows: rowsFor(bytes), dims: DIMS })

test('a table that was measured is previewed as it was measured', () => {
  const { bytes, parts, indexSeconds, indexMemoryBytes, problems } = previewSize(
    { rows: 100_000, dims: DIMS },
    SETTINGS,
  )
  expect(bytes / 671e6).toBeCloseTo(1, 2)
  expect(parts).toBe(11)
  expect(indexSeconds).toBeCloseTo(132, 6)
  expect(indexMemoryBytes / 100_000).toBeCloseTo(7_200, -2)
  expect(problems).toEqual([])
})

describe('up to ten terabytes', () => {
  const sizes = [1e9, 1e10, 1e11, 1e12, 1e13].map((bytes) => [`${bytes / 1e9} GB`, bytes] as const)

  test.each(sizes)('%s stays below the events of one execution, however long the index takes', (_, bytes) => {
    const preview = previewSize(of(bytes), { partBytes: 1024 * MiB, concurrency: 16 })
    expect(preview.historyEvents).toBeLessThan(MOST_EVENTS)
    expect(preview.parts).toBeLessThan(MOST_PARTS)
    for (const figure of Object.values(preview).filter((value) => typeof value === 'number'))
      expect(Number.isFinite(figure) && figure > 0).toBe(true)
  })

  test('more takes longer and costs more, in proportion', () => {
    const [small, large] = [previewSize(of(1e11), SETTINGS), previewSize(of(1e12), SETTINGS)]
    for (const key of ['bytes', 'snapshotSeconds', 'loadSeconds', 'verifySeconds', 'compareSeconds'] as const)
      expect(large[key] / small[key], key).toBeCloseTo(10, 2)
    expect(large.dollars.once / small.dollars.once).toBeGreaterThan(8)
    expect(large.dollars.storedPerMonth).toBeCloseTo(23, 0)
  })

  test('what would not work is said, with what to do', () => {
    const { problems, parts } = previewSize(of(1e13), SETTINGS)
    expect(parts).toBeGreaterThan(MOST_PARTS)
    expect(problems.join('\n')).toMatch(/set snapshot.part-bytes to 536870912/)
    expect(problems.join('\n')).toMatch(
      /a purge compares a table with its manifest under its lock, in one function: 6.2 hours/,
    )
    const larger = previewSize(of(1e13), { ...SETTINGS, partBytes: 512 * MiB })
    expect(larger.problems.join('\n')).not.toMatch(/part-bytes/)
    // No size of a snapshot is too large to be read again: that goes part by part.
    for (const problem of larger.problems) expect(problem).not.toMatch(/verif/)
  })
})

describe('an index build is asked after', () => {
  test('every quarter of a minute at first, and less often the longer it takes', () => {
    expect([null, 0, 600, 3_600, 86_400, 30 * 86_400].map(pollSeconds)).toEqual([15, 15, 15, 72, 1_728, 3_600])
  })

  test('so seldom that a build of a month fits into one history, and so often that little time is lost', () => {
    expect(pollsOf(30 * 86_400) * 9).toBeLessThan(MOST_EVENTS / 2)
    for (const seconds of [2_000, 20_000, 200_000]) expect(pollSeconds(seconds) / seconds).toBeLessThanOrEqual(0.02)
  })
})

test('the figures are those of the state machine: one state for each part, and results that lie in the bucket, however many', () => {
  const text = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
  const machine = JSON.parse(text)
  const maps = Object.entries<{ ItemProcessor?: { ProcessorConfig: { Mode: string }; States: object } }>(
    machine.States,
  ).filter(([, { ItemProcessor }]) => ItemProcessor?.ProcessorConfig.Mode === 'DISTRIBUTED')
  expect(maps.map(([name]) => name)).toEqual(['Snapshot each part', 'Verify each part', 'Load each part'])
  for (const [, { ItemProcessor, ...map }] of maps) {
    expect(Object.keys(ItemProcessor?.States ?? {})).toHaveLength(1)
    expect(map).toMatchObject({
      ItemReader: { Resource: 'arn:aws:states:::s3:getObject' },
      ResultWriter: { Resource: 'arn:aws:states:::s3:putObject' },
      MaxConcurrency: '{% $settings.concurrency %}',
    })
  }
  expect(machine.TimeoutSeconds).toBe(30 * 86_400)
})
