import { expect, test } from 'vitest'
import { requireIdentical } from '#cli/drill-proof.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { columnOf, tableOf } from '#test/support/definitions.ts'

const TABLE = { schema: 'public', name: 'documents' }
const sequence = {
  sequence: { schema: 'public', name: 'documents_id_seq' },
  column: 'id',
  lastValue: '40',
  isCalled: true,
  increment: '1',
}
const table = (more: object = {}, own: object = {}) =>
  tableOf(TABLE, {
    columns: [columnOf('title', own)],
    sequences: [{ ...sequence, ...more }] as unknown as TableDefinition['sequences'],
  })
const identical = (after: TableDefinition) => () => requireIdentical([table()], [after])

test('numbers that the application took during a drill do not make a table another one', () => {
  expect(identical(table())).not.toThrow()
  expect(identical(table({ lastValue: '62' }))).not.toThrow()
})

test('a sequence that stands behind where it stood is named: it would give numbers that rows have', () => {
  expect(identical(table({ lastValue: '39' }))).toThrow('"public.documents_id_seq" stands at 39, not at 40')
  expect(identical(table({ isCalled: false }))).toThrow('documents_id_seq')
})

test('a column or a sequence that is not what it was is named', () => {
  expect(identical(table({}, { notNull: true }))).toThrow('"public.documents" is not what it was before the drill')
  expect(identical(table({ increment: '2' }))).toThrow('is not what it was')
})
