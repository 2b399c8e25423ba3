import { expect, test } from 'vitest'
import { hnswBytes, maintenanceMemory, vectorBytes } from '#core/restore/index-memory.ts'

const MIB = 1024 * 1024

test.each([
  ['public.vector(1536)', 6144],
  ['public.halfvec(1536)', 3072],
  ['bit(1024)', 128],
  ['text', null],
  ['public.vector', null],
  ['numeric(10)', null],
])('a value of %s takes %s bytes', (type, bytes) => {
  expect(vectorBytes(type)).toBe(bytes)
})

test('the estimate is the measured 7.2 kB a row at 1536 dimensions', () => {
  expect(hnswBytes({ rows: 1, bytesPerVector: 6144 })).toBe(7200)
})

test('memory is what the graph takes and a tenth, within the budget', () => {
  expect(maintenanceMemory(1000 * MIB, 4000 * MIB)).toEqual({ bytes: 1100 * MIB, fits: true })
  expect(maintenanceMemory(4000 * MIB, 2000 * MIB)).toEqual({ bytes: 2000 * MIB, fits: false })
  expect(maintenanceMemory(0, 2000 * MIB)).toEqual({ bytes: 64 * MIB, fits: true })
})
