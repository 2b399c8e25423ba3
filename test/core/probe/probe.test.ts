import { expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { RollbackError } from '#core/errors.ts'
import type { MetricValue } from '#core/ports.ts'
import { probe } from '#core/probe/probe.ts'
import type { Ports } from '#core/steps/define-step.ts'
import { realClock } from '#test/support/clock.ts'
import { planWithSignals } from './plans.ts'

/** A small plan, one that cannot be read, and a database that does not answer. */
const world = async (signal = new AbortController().signal) => {
  const plan = await planWithSignals({})
  const published: MetricValue[] = []
  const unreachable = new RollbackError('Postgres.Unreachable', 'connect ECONNREFUSED', {
    fix: 'Check it.',
    category: 'unreachable',
  })
  const ports: Parameters<typeof probe>[1] = {
    environment: 'prod',
    // No probe of this plan is compared with what was recorded.
    objects: s3Objects('none'),
    clock: realClock,
    signal,
    remaining: () => 50_000,
    metrics: { publish: (_, values) => void published.push(...values) },
    database: { label: 'nowhere', kind: 'server', session: () => Promise.reject(unreachable) },
    plans: {
      names: async () => ['broken', 'small'],
      load: async (name) => {
        if (name === 'small') return plan
        throw new RollbackError('Plan.Invalid', `Plan "${name}" has a problem.`, { fix: 'Correct it.' })
      },
    } satisfies Ports['plans'],
  }
  return { ports, published }
}

test('a plan that cannot be read is said, and keeps no other from being probed', async () => {
  const { ports, published } = await world()
  expect(await probe({}, ports)).toMatchObject([
    { plan: 'broken', connectFailed: false, error: { name: 'Plan.Invalid' }, results: [] },
    { plan: 'small', connectFailed: true, error: { name: 'Postgres.Unreachable' } },
  ])
  expect(published.map(({ name, dimensions, values }) => [dimensions.Plan, name, values])).toEqual([
    ['small', 'connect_failed', [1]],
  ])
})

test('a plan that is asked for by name and cannot be read is an error', async () => {
  const { ports } = await world()
  await expect(probe({ plan: 'broken' }, ports)).rejects.toMatchObject({ name: 'Plan.Invalid' })
})

test('a function that is out of time publishes nothing, and fails, so that people are told', async () => {
  const { ports, published } = await world(AbortSignal.abort(new Error('out of time')))
  await expect(probe({}, ports)).rejects.toThrow('out of time')
  expect(published).toEqual([])
})
