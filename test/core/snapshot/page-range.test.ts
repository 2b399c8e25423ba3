import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutIntoRanges, WHOLE_TABLE, whereInRange } from '#core/snapshot/page-range.ts'

const PAGE = 8192

describe('cutting a table into parts', () => {
  test('an empty table has one part, to the end', () => {
    expect(cutIntoRanges({ heap: 0, total: 0, page: PAGE }, 64)).toEqual([{ from: 0, to: null }])
  })

  test('a table below the size of a part has one', () => {
    expect(cutIntoRanges({ heap: 3 * PAGE, total: 4 * PAGE, page: PAGE }, 64 * PAGE)).toEqual([{ from: 0, to: null }])
  })

  test('what lies out of line counts: few pages with much TOAST become many parts', () => {
    expect(cutIntoRanges({ heap: 4 * PAGE, total: 400 * PAGE, page: PAGE }, 200 * PAGE)).toEqual([
      { from: 0, to: 2 },
      { from: 2, to: null },
    ])
  })

  test('the ranges follow each other without a gap, from page 0 to the open end', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(50_000), fc.integer({ min: 1, max: 4000 }), (pages, toast, target) => {
        const ranges = cutIntoRanges({ heap: pages * PAGE, total: (pages + toast) * PAGE, page: PAGE }, target * PAGE)
        expect(ranges[0]?.from).toBe(0)
        expect(ranges.at(-1)?.to).toBeNull()
        for (const [i, range] of ranges.entries()) if (i > 0) expect(range.from).toBe(ranges[i - 1]?.to)
        expect(ranges.length).toBeLessThanOrEqual(Math.max(1, pages))
      }),
    )
  })

  test('the condition holds literals, since COPY takes no parameters', () => {
    expect(whereInRange({ from: 2, to: 5 })).toMatchObject({
      text: `where t.ctid >= '(2,0)'::tid and t.ctid < '(5,0)'::tid`,
      values: [],
    })
    expect(whereInRange(WHOLE_TABLE).text).toBe('')
  })
})
