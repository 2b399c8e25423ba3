import { expect, test } from 'vitest'
import { summary } from '#core/report/summary.ts'
import { fullReport } from '#test/support/report.ts'
import { stuckReport } from '#test/support/report-endings.ts'

test('--json has the promised keys and no others', () => {
  const document = summary(fullReport())
  expect(Object.keys(document)).toEqual([
    'outcome',
    'plan',
    'path',
    'incident',
    'states',
    'steps',
    'checks',
    'budgets',
    'snapshot',
    'seconds',
  ])
  const retire = document.states.find(({ name }: { name: string }) => name === 'Retire')
  expect(retire).toEqual({ name: 'Retire', startedAt: '2026-11-21T03:12:13.858Z', ms: 1_266, attempts: 3 })
  expect(document.steps[0]).toEqual({ kind: 'contain', changed: true, ms: 3_310, detail: expect.any(String) })
  expect(document.checks[0]).toEqual({ name: 'flag-is-off', status: 'pass' })
  expect(document.snapshot?.tables[0]).toEqual({
    schema: 'public',
    name: 'document_chunks',
    rows: 98_304,
    bytes: 58_720_256,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  expect(document.budgets[0]).toEqual({ name: 'contained', limitMs: 60_000, actualMs: 4_210, met: true })
  expect(document.seconds).toEqual({ contained: 4.21, total: 134.4 })
})

test('a run without a snapshot says null, not nothing', () => {
  expect(JSON.parse(JSON.stringify(summary(stuckReport()))).snapshot).toBeNull()
})
