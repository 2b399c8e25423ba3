import { expect, test } from 'vitest'
import { clock, counted, duration, moment, momentOrWords, size } from '#core/report/figures.ts'

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [4_210, '4.2 s'],
  [9_960, '10 s'],
  [59_600, '1 min'],
  [134_400, '2 min 14 s'],
  [3_599_600, '1 h'],
  [7_500_000, '2 h 5 min'],
  [604_800_000, '7 d'],
])('%d milliseconds are "%s"', (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words)
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [58_720_256, '59 MB'],
  [671_088_640, '671 MB'],
  [999_600_000, '1 GB'],
  [6_871_947_674, '6.9 GB'],
])('%d bytes are "%s"', (bytes, words) => {
  expect(size(bytes)).toBe(words)
})

test('one row is not rows', () => {
  expect([counted(1, 'row'), counted(2_000, 'row'), counted(0, 'retry', 'retries')]).toEqual([
    '1 row',
    '2,000 rows',
    '0 retries',
  ])
})

test('times are in UTC whatever their offset', () => {
  expect(moment('2026-11-21T05:12:07+02:00')).toBe('2026-11-21 03:12:07 UTC')
  expect(clock('2026-11-20T22:12:07-05:00')).toBe('03:12:07')
})

test('a due date may be words', () => {
  expect(momentOrWords('2026-11-28T03:12:07Z')).toBe('2026-11-28 03:12:07 UTC')
  expect(momentOrWords('before the next release')).toBe('before the next release')
})
