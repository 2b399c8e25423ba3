import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import type { Decision } from '#core/plan/decisions.ts'
import { loadPlan } from '#core/plan/load.ts'
import { PlanFile } from '#core/plan/schema.ts'
import { type Circumstances, chooseRow, containsAtOnce, containsUnread } from '#core/plan/table.ts'
import { brokenTable } from '#core/plan/table-check.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { edited, planFolder, shown } from './folder.ts'

const SLOW_ROW = '  - when: slow\n    path: full\n    contain: immediately\n    within: 15m\n    approve: [lead]\n'
const SIGNAL = (name: string) =>
  `  ${name}:\n    { describe: It., probe: sql/slow.sql, above: 30, unit: seconds, for: 2m, severity: high }\n`

/** The small plan with these rows; signals `lag` and `cpu` (high) beside `slow` (critical), and a window for changes. */
const planText = (rows: readonly string[], { window = true } = {}): string =>
  edited(
    [SLOW_ROW, rows.map((row) => `  - ${row}\n`).join('')],
    ['decide:\n', `${SIGNAL('lag')}${SIGNAL('cpu')}decide:\n`],
    ...(window ? [['paths:\n', 'change: { window: 2h }\npaths:\n'] as const] : []),
  )
/** Line 31 is the first row. */
const problems = async (...rows: string[]): Promise<string[]> =>
  shown(await checkPlan(await planFolder({ 'plan.yaml': planText(rows) })))
const tableOf = async (...rows: string[]): Promise<readonly Decision[]> =>
  (await loadPlan(await planFolder({ 'plan.yaml': planText(rows) }))).decide

const row = (text: string, path = 'partial', contain = 'immediately') =>
  `{ ${text}, path: ${path}, contain: ${path === 'monitor' ? '"no"' : contain}, within: 15m }`
const REST = [row('when: [lag, cpu]', 'flag')]

const good: Circumstances = { change: 'recent', also: [], at: '2026-11-21T12:00:00Z' }
const chosen = (table: readonly Decision[], signal: string, circumstances: Partial<Circumstances> = {}) =>
  chooseRow(table, { signal, severity: signal === 'slow' ? 'critical' : 'high' }, { ...good, ...circumstances })?.number

describe('the row of a signal', () => {
  test('is one of a list of signals, or of its own', async () => {
    const table = await tableOf(row('when: slow'), row('when: [lag, cpu]', 'flag'))
    expect(['slow', 'lag', 'cpu'].map((signal) => chosen(table, signal))).toEqual([1, 2, 2])
  })

  test('is the first whose circumstances hold: change, other alarms, hours', async () => {
    const table = await tableOf(
      row('when: slow, also: [lag, cpu]', 'full'),
      row('when: slow, during: ["22:00-06:00"]', 'flag'),
      row('when: slow, change: none', 'flag'),
      row('when: slow'),
      ...REST,
    )
    expect(chosen(table, 'slow')).toBe(4)
    expect(chosen(table, 'slow', { also: ['cpu', 'lag', 'slow'] })).toBe(1)
    expect(chosen(table, 'slow', { also: ['cpu'] })).toBe(4)
    expect(chosen(table, 'slow', { change: 'none' })).toBe(3)
    for (const [clock, number] of [
      ['21:59', 4],
      ['22:00', 2],
      ['00:00', 2],
      ['05:59', 2],
      ['06:00', 4],
    ] as const)
      expect(chosen(table, 'slow', { at: `2026-11-21T${clock}:30Z` }), clock).toBe(number)
  })

  test('that depends on what cannot be read is taken for granted, said so, and preferred to watching', async () => {
    const table = await tableOf(
      row('when: slow, change: none', 'monitor'),
      row('when: slow, change: recent', 'partial', '"no"'),
      ...REST,
    )
    expect(chooseRow(table, { signal: 'slow', severity: 'critical' }, { ...good, change: 'unknown' })).toMatchObject({
      number: 2,
      unknown: ['whether there was a change'],
    })
  })
})

describe('an error of plan check, with its place', () => {
  test.each([
    [
      'two rows that contradict',
      [row('when: slow, change: none', 'flag'), row('when: slow, change: none', 'full'), row('when: slow'), ...REST],
      'plan.yaml:32:13 This row contradicts row 1: the same condition for "slow", another action. Keep one of the two, or give them different circumstances.',
    ],
    [
      'two rows that contradict, the one with the severity that the signal has anyway',
      [row('when: slow', 'flag'), row('when: slow, severity: critical', 'full'), ...REST],
      'plan.yaml:32:13 This row contradicts row 1: the same condition for "slow", another action. Keep one of the two, or give them different circumstances.',
    ],
    [
      'a row behind one that takes everything',
      [row('when: slow'), row('when: slow, change: none', 'flag'), ...REST],
      'plan.yaml:32:13 This row never matches: row 1 takes every "slow". Remove it, or move it up.',
    ],
    [
      'a row behind two that take everything between them',
      [row('when: slow, change: none'), row('when: slow, change: recent', 'flag'), row('when: slow', 'full'), ...REST],
      'plan.yaml:33:13 This row never matches: rows 1, 2 take every "slow". Remove it, or move it up.',
    ],
    [
      'a row of several signals that one of them never reaches',
      [row('when: slow'), row('when: lag'), row('when: [cpu, lag]', 'flag')],
      'plan.yaml:33:19 This row contradicts row 2: the same condition for "lag", another action. Keep one of the two, or give them different circumstances.',
    ],
    [
      'a row with a severity that its signal never has',
      [row('when: slow, severity: low'), row('when: slow'), ...REST],
      'plan.yaml:31:29 This row never matches: "slow" is critical, not low. Correct the severity, or remove the row.',
    ],
    [
      'a list with one signal of another severity',
      [row('when: [slow, lag], severity: critical'), ...REST],
      'plan.yaml:31:20 This row never matches: "lag" is high, not critical. Correct the severity, or remove the row.',
    ],
    [
      'a signal that no row names',
      [row('when: slow'), row('when: lag')],
      'plan.yaml:28:3 No row of decide names "cpu". Add a row, with path: monitor if people are only to be told.',
    ],
    [
      'a signal whose rows leave a case open',
      [row('when: slow, also: [cpu], change: recent'), row('when: slow, change: none', 'flag'), ...REST],
      'plan.yaml:19:3 No row of decide holds for "slow" in every case: change: recent, cpu not in ALARM. Add a last row for it without circumstances.',
    ],
    [
      'hours that leave a gap',
      [row('when: slow, during: ["06:00-22:00"]'), row('when: slow, during: ["22:00-05:00"]', 'flag'), ...REST],
      'plan.yaml:19:3 No row of decide holds for "slow" in every case: at 05:00 UTC. Add a last row for it without circumstances.',
    ],
    [
      'rows that only the bucket tells apart, and that do not agree about containment',
      [row('when: slow, change: none', 'monitor'), row('when: slow'), ...REST],
      'plan.yaml:31:57 Row 2 contains "slow" at once and this one does not, and only the bucket tells them apart: containment does not wait for it. Let both contain at once, or neither: contain and autonomy.',
    ],
    [
      'the same by the rung of a row',
      [row('when: slow, also: [lag], autonomy: propose'), row('when: slow'), ...REST],
      'plan.yaml:31:75 Row 2 contains "slow" at once and this one does not, and only the bucket tells them apart: containment does not wait for it. Let both contain at once, or neither: contain and autonomy.',
    ],
    [
      'another signal that the plan does not have',
      [row('when: slow, also: [leg]'), row('when: slow', 'flag'), ...REST],
      'plan.yaml:31:26 "leg" is not a signal of this plan. Did you mean "lag"?',
    ],
    [
      'a signal beside itself',
      [row('when: slow, also: [slow]'), row('when: slow', 'flag'), ...REST],
      'plan.yaml:31:26 "slow" is what the row is about. Remove it from also.',
    ],
  ])('%s', async (_, rows, expected) => {
    expect(await problems(...rows)).toEqual([expected])
  })

  test('a row that asks for changes in a plan that does not', async () => {
    const text = planText([row('when: slow, change: none'), row('when: slow', 'flag'), ...REST], { window: false })
    expect(shown(await checkPlan(await planFolder({ 'plan.yaml': text })))).toEqual([
      'plan.yaml:31:27 This plan does not ask for changes. Add change: { window: 2h }, or remove change from the row.',
    ])
  })

  test('hours that are none, and a window that is too long', async () => {
    expect(await problems(row('when: slow, during: ["8-18"]'), ...REST)).toEqual([
      'plan.yaml:31:28 "8-18" is not a part of the day. Write from and to in UTC, such as "08:00-18:00" or, over midnight, "22:00-06:00".',
    ])
    const text = planText([row('when: slow'), ...REST]).replace('window: 2h', 'window: 8d')
    expect(shown(await checkPlan(await planFolder({ 'plan.yaml': text })))).toEqual([
      'plan.yaml:33:1 This window is not between nothing and a week. Write a window such as 2h, 7d at most.',
    ])
  })
})

test('rows that the clock alone tells apart may differ about containment', async () => {
  const rows = [row('when: slow, during: ["22:00-06:00"]'), row('when: slow', 'monitor'), ...REST]
  expect(await problems(...rows)).toEqual([])
  const table = await tableOf(...rows)
  const at = (clock: string) => containsUnread(table, { signal: 'slow', severity: 'critical' }, `2026-11-21T${clock}Z`)
  expect([at('23:00:00'), at('12:00:00')]).toEqual([true, false])
})

test('in a table that passes, containment without the bucket is what the row says with it, whatever the circumstances', () => {
  const circumstance = fc.record(
    {
      change: fc.constantFrom('recent', 'none'),
      also: fc.subarray(['lag', 'cpu'], { minLength: 1 }),
      during: fc.subarray(['00:00-08:00', '08:00-16:00', '16:00-24:00'], { minLength: 1 }),
      autonomy: fc.constantFrom('observe', 'propose', 'contain', 'act'),
    },
    { requiredKeys: [] },
  )
  const acts = ['path: flag, contain: immediately', 'path: partial, contain: immediately']
  const waits = ['path: monitor, contain: "no"', 'path: partial, contain: "no"']
  // Tables that agree about containment pass, the others hardly ever.
  const actions = fc.constantFrom(acts, waits, [...acts, ...waits])
  const table = actions.chain((known) => {
    const action = fc.constantFrom(...known)
    return fc.tuple(fc.array(fc.tuple(circumstance, action), { minLength: 1, maxLength: 3 }), action)
  })
  let passed = 0
  fc.assert(
    fc.property(table, ([conditional, last]) => {
      const rows = [...conditional, [{}, last] as const].map(([conditions, does]) => {
        const written = Object.entries(conditions).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
        return `{ ${['when: slow', ...written, does, 'within: 15m'].join(', ')} }`
      })
      const plan = PlanFile.parse(parseYaml('plan.yaml', planText([...rows, ...REST])).value)
      if (brokenTable(plan).length > 0) return
      passed++
      const slow = { signal: 'slow', severity: 'critical' } as const
      for (const change of ['recent', 'none'] as const)
        for (const also of [[], ['lag'], ['cpu'], ['lag', 'cpu']])
          for (const hour of ['00', '08', '16']) {
            const at = `2026-11-21T${hour}:30:00Z`
            const found = chooseRow(plan.decide, slow, { change, also, at })
            expect(found).not.toBeNull()
            if (found) expect(containsUnread(plan.decide, slow, at)).toBe(containsAtOnce(found.row))
          }
    }),
    { numRuns: 400 },
  )
  expect(passed).toBeGreaterThan(5)
})
