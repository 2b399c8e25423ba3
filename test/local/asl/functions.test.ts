import { describe, expect, test } from 'vitest'
import { output } from './harness.ts'

const value = (expression: string) => output(`{% ${expression} %}`)

describe('the functions that Step Functions adds', () => {
  test.each([
    ['$range(0, 10, 2)', [0, 2, 4, 6, 8, 10]],
    ['$range(3, 1, -1)', [3, 2, 1]],
    ['$range(-1.7, 2, 1)', [-1, 0, 1, 2]],
    ['$range(1, 9, 9)', 1],
    ['$partition([0], 5)', [[0]]],
    ['$partition([1,2,3,4,5], 2)', [[1, 2], [3, 4], [5]]],
    ['$partition([1,2,3], 2.9)', [[1, 2], [3]]],
    ['$parse(\'{"a":[1,null]}\')', { a: [1, null] }],
    ["$hash('abc', 'SHA-256')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ["$hash('abc', 'MD5')", '900150983cd24fb0d6963f7d28e17f72'],
    ['$random()', 0.5],
    ['$random(7) = $random(7)', true],
    ['$random(7) = $random(8)', false],
  ])('%s', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected)
  })

  test('$uuid is a new version 4 UUID each time', async () => {
    const pair = (await value('[$uuid(), $uuid()]')) as string[]
    expect(pair[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(pair[0]).not.toBe(pair[1])
  })

  test('$now and $millis tell the time of the execution, not of this machine', async () => {
    expect(await value('[$now(), $fromMillis($millis())]')).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-11-01T00:00:00.000Z',
    ])
    expect(await value("$now('[Y0001]/[M01]')")).toBe('2026/11')
  })

  test.each([
    '$range(1, 2)',
    '$range(1, 2, 0)',
    '$range(2, 1, 1)',
    '$partition([], 2)',
    '$partition([1], 0)',
    "$hash('abc')",
    '$parse($states.input.absent)',
  ])('%s is nothing', async (expression) => {
    await expect(value(expression)).rejects.toThrow('returned nothing (undefined)')
  })

  test.each([
    ["$hash('abc', 'sha256')", 'must be one of'],
    ["$parse('{')", 'D3137: The argument of $parse is not JSON'],
    ["$range('a', 1, 1)", 'T0410: Argument 1 of function "range" does not match function signature'],
    ['$partition(1, 1)', 'T0410'],
    ['$partition([1], -1)', 'zero or greater'],
    ['$randomSeeded(1)', 'T1006'],
    ["$eval('1')", 'T1006: Attempted to invoke a non-function'],
  ])('%s is an error', async (expression, message) => {
    await expect(value(expression)).rejects.toThrow(message)
  })
})
