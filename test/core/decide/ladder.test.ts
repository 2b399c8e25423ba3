import { describe, expect, test } from 'vitest'
import type { Matched } from '#core/decide/decide.ts'
import { ladder } from '#core/decide/ladder.ts'
import { AUTONOMIES, type Autonomy } from '#core/plan/autonomy.ts'
import type { Decision } from '#core/plan/decisions.ts'
import type { Milliseconds } from '#core/plan/duration.ts'
import { planWith } from './plans.ts'

const NOW = new Date('2026-11-21T03:00:00Z')
const DAY = 86_400_000
const drilled = (days: number) => ({
  plan: 'small',
  planDigest: '',
  path: 'partial' as const,
  outcome: 'drill-passed' as const,
  environment: 'dev',
  incident: 'i',
  createdAt: new Date(NOW.getTime() - days * DAY).toISOString(),
})

const matched = async (decision: Partial<Decision> = {}, unknown: string[] = []): Promise<Matched> => {
  const plan = await planWith([{ signal: 'lag', severity: 'high', path: 'partial' }])
  const [, row] = plan.decide
  if (!row) throw new Error('the plan has a second row')
  const window = (2 * 3_600_000) as Milliseconds
  return {
    plan: { ...plan, change: { window } },
    signal: 'lag',
    severity: 'high',
    decision: { ...row, ...decision },
    row: 2,
    unknown,
  }
}
const prod = (autonomy: Autonomy) => ({ name: 'prod', autonomy })
const good = { change: 'recent', drilled: drilled(10), now: NOW } as const

describe('how far an alarm goes', () => {
  test.each(AUTONOMIES)('is "%s" where the environment is set to that, and all else allows it', async (autonomy) => {
    const reached = ladder(await matched(), good, prod(autonomy))
    expect(reached).toEqual({
      autonomy,
      would: 'act',
      why: autonomy === 'act' ? [] : [`environment "prod" is set to "${autonomy}"`],
    })
  })

  test.each(AUTONOMIES)('is never more than its row allows: "%s"', async (autonomy) => {
    const capped = await matched({ autonomy })
    expect(ladder(capped, good, prod('act')).autonomy).toBe(autonomy)
    expect(ladder(capped, good, prod('observe')).autonomy).toBe('observe')
  })

  test('is containment where no change explains it, or none can be looked for', async () => {
    expect(ladder(await matched(), { ...good, change: 'none' }, prod('act'))).toMatchObject({
      autonomy: 'contain',
      why: ['nothing was deployed, switched or migrated in the 2h before it'],
    })
    expect(ladder(await matched(), { ...good, change: 'unknown' }, prod('act')).autonomy).toBe('contain')
    expect(ladder(await matched(), { ...good, change: 'off' }, prod('act')).autonomy).toBe('act')
  })

  test('is containment where the path was not drilled, or too long ago, or that cannot be read', async () => {
    const with_ = async (known: typeof good.drilled | null | 'unknown') =>
      ladder(await matched(), { ...good, drilled: known }, prod('act'))
    expect(await with_(null)).toMatchObject({
      autonomy: 'contain',
      why: ['acting needs a drill of the path "partial" that passed within 90d; no drill is recorded'],
    })
    expect((await with_(drilled(91))).autonomy).toBe('contain')
    expect((await with_(drilled(90))).autonomy).toBe('act')
    expect((await with_('unknown')).autonomy).toBe('contain')
  })

  test('needs no drill for a path that changes only flags', async () => {
    expect(ladder(await matched({ path: 'flag' }), { ...good, drilled: null }, prod('act')).autonomy).toBe('act')
  })

  test('is containment where the row was taken for granted', async () => {
    expect(ladder(await matched({}, ['whether cpu is in ALARM']), good, prod('act'))).toMatchObject({
      autonomy: 'contain',
      why: ['whether cpu is in ALARM could not be read'],
    })
  })

  test('is told with every reason, the one that stops it first', async () => {
    const reached = ladder(
      await matched({ autonomy: 'propose' }),
      { ...good, change: 'none', drilled: null },
      prod('contain'),
    )
    expect(reached.autonomy).toBe('propose')
    expect(reached.why).toHaveLength(4)
    expect(reached.why[0]).toBe('row 2 goes no further than "propose"')
  })
})
