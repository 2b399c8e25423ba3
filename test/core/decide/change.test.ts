import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChange } from '#core/decide/change.ts'

const event = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'vector-rollback change',
  source: 'ci',
  account: '444455556666',
  time: '2026-11-21T03:00:00Z',
  region: 'eu-central-1',
  resources: [],
  detail: { environment: 'prod', plan: 'pgvector-search', kind: 'deployment', reference: 'v1.42.0' },
}

describe('a change that CI tells of', () => {
  test('is read with its environment and the time of its event', () => {
    expect(readChange(event)).toEqual({
      environment: 'prod',
      change: { plan: 'pgvector-search', kind: 'deployment', reference: 'v1.42.0', at: '2026-11-21T03:00:00.000Z' },
    })
  })

  test.each([
    ['another kind', { kind: 'holiday' }],
    ['no reference', { reference: '' }],
    ['a plan that would lead out of its folder', { plan: '../leases' }],
    ['a word too many', { destroy: true }],
  ])('is not read with %s', (_, detail) => {
    expect(readChange({ ...event, detail: { ...event.detail, ...detail } })).toBeNull()
  })

  test('is read out of nothing else, without an error', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (anything) => {
        expect(readChange(anything)).toBeNull()
      }),
    )
  })
})
