import { describe, expect, test } from 'vitest'
import { loadPlan, readPlan, resolveRamp } from '#core/plan/load.ts'
import { type Edit, edited, planFolder } from './folder.ts'

const RAMP: Edit = ['    within: 15s\n', '    within: 15s\n    ramp: /app/{env}/SEARCH_RAMP\n']
const watched = (watch: string): Edit => ['contacts:\n', `watch: ${watch}\ncontacts:\n`]
const ramped = (ramp: string): Edit => ['gates: [Fixed.] }', `gates: [Fixed.], ramp: ${ramp} }`]
const planWith = async (...edits: Edit[]) => loadPlan(await planFolder({ 'plan.yaml': edited(...edits) }))
const problemsWith = async (...edits: Edit[]) => {
  const { problems } = await readPlan(await planFolder({ 'plan.yaml': edited(...edits) }))
  return problems.map(({ message, fix }) => `${message} ${fix}`)
}

describe('the watch of a plan', () => {
  test('has one interval, as before there were tiers', async () => {
    expect((await planWith(watched('{ for: 10m, every: 1m }'))).watch).toEqual({
      tiers: [{ until: 600_000, every: 60_000, checks: null }],
      escalate: false,
    })
  })

  test('without a word has three tiers in 30 minutes', async () => {
    const { watch } = await planWith(watched('{ escalate: true }'))
    expect(watch?.escalate).toBe(true)
    expect(watch?.tiers.map(({ until, every }) => [until / 60_000, every / 1_000])).toEqual([
      [5, 30],
      [15, 60],
      [30, 300],
    ])
  })

  test.each([
    ['half of an interval', '{ for: 10m }', 'This watch says only half of its interval.'],
    [
      'both forms',
      '{ for: 10m, every: 1m, tiers: [{ until: 5m, every: 1m }] }',
      'This watch has both tiers and one interval.',
    ],
    ['an interval that does not fit', '{ for: 10m, every: 11m }', '"11m" does not fit into "10m".'],
    ['no interval at all', '{ for: 10m, every: 0s }', '"0s" does not fit into "10m".'],
    [
      'tiers out of order',
      '{ tiers: [{ until: 5m, every: 1m }, { until: 5m, every: 1m }] }',
      '"5m" is not later than the tier before.',
    ],
    [
      'a tier shorter than its interval',
      '{ tiers: [{ until: 5m, every: 1m }, { until: 6m, every: 2m }] }',
      '"2m" does not fit into "1m".',
    ],
    [
      'a check that there is not',
      '{ tiers: [{ until: 5m, every: 1m, checks: [anwsers] }] }',
      '"anwsers" is not a check of this plan. Did you mean "answers"?',
    ],
  ])('is refused with %s', async (_, watch, message) => {
    expect(await problemsWith(watched(watch))).toEqual([expect.stringContaining(message)])
  })
})

describe('the ramp of a plan', () => {
  test('has a way up by itself, and a parameter for each environment', async () => {
    const plan = await planWith(RAMP, ramped('{}'))
    expect(plan.paths.restore?.reEnable.ramp).toEqual({ steps: [1, 5, 25, 50, 100], hold: 600_000, every: 30_000 })
    expect(resolveRamp(plan, 'SEARCH', 'prod')).toBe('/app/prod/SEARCH_RAMP')
    expect(resolveRamp(await planWith(), 'SEARCH', 'prod')).toBeNull()
  })

  test.each([
    '[5, 50]',
    '[50, 5, 100]',
    '[0, 100]',
    '[5, 5, 100]',
    '[0.001, 100]',
    '[5, 200]',
    '[-5, 100]',
  ])('goes up to 100 and nowhere else: not %s', async (steps) => {
    expect(await problemsWith(RAMP, ramped(`{ steps: ${steps} }`))).toEqual([
      expect.stringContaining('is not a way up to 100'),
    ])
  })

  test('is refused where its first step would be all, or nobody would follow it', async () => {
    expect(await problemsWith(ramped('{}'))).toEqual([
      expect.stringContaining('has no parameter for a percentage, so that its first step would be all'),
    ])
    expect(
      await problemsWith(RAMP, ramped('{}'), [
        'delivery: poll',
        'delivery: ecs-redeploy\n    deliver: { cluster: app, service: web }',
      ]),
    ).toEqual([expect.stringContaining('"ecs-redeploy" would not follow a ramp')])
    expect(await problemsWith(RAMP, ramped('{ hold: 15s, every: 5s }'))).toEqual([
      expect.stringContaining('is over before the application follows flag "SEARCH" (15s)'),
    ])
    expect(await problemsWith(RAMP, ramped('{ hold: 1m, every: 2m }'))).toEqual([
      expect.stringContaining('No look fits into a hold.'),
    ])
  })

  test('has a parameter of its own: the flag stays the plain value that applications compare', async () => {
    expect(await problemsWith(['    within: 15s\n', '    within: 15s\n    ramp: /app/{env}/SEARCH\n'])).toEqual([
      expect.stringContaining('"/app/{env}/SEARCH" is used twice.'),
    ])
  })
})
