import { expect, test } from 'vitest'
import { visitsOf } from '#core/report/visits.ts'
import { visited } from '#test/support/report-visits.ts'

test('a loop is one entry with its visits, retries and time added up', () => {
  const [watch, wait] = visitsOf(
    visited([
      ['Watch', 240, 2],
      ['Wait', 60_000],
      ['Watch', 232, 3],
    ]),
  )
  expect(watch).toMatchObject({ order: 1, name: 'Watch', ms: 472, retries: 3, status: 'succeeded' })
  expect(watch?.visits).toHaveLength(2)
  expect(wait).toMatchObject({ order: 2, ms: 60_000, retries: 0 })
})

test('a failure that a later visit made good is over, but not forgotten', () => {
  const [state] = visitsOf(
    visited([
      ['Retire', 10, 1, 'Postgres.LockNotAvailable'],
      ['Retire', 20],
    ]),
  )
  expect(state).toMatchObject({ status: 'succeeded', error: 'Postgres.LockNotAvailable' })
})

test('a state that has not ended runs', () => {
  expect(visitsOf(visited([['Needs a human', null]]))[0]).toMatchObject({ status: 'running', ms: 0 })
})
