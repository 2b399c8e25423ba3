import { describe, expect, test } from 'vitest'
import type { Explanation } from '#core/decide/explain.ts'
import { cli, planCopy } from './cli.ts'

const PLAN = 'pgvector-search'
const explain = (...args: string[]) => cli(['plan', 'explain', PLAN, '--signal', ...args])
const explainJson = async (plan: string, ...args: string[]): Promise<Explanation> =>
  JSON.parse((await cli(['plan', 'explain', plan, '--json', '--signal', ...args])).stdout)

/** The plan with a window for changes, and rows that tell circumstances apart. */
const circumstances = () =>
  planCopy([
    ['plan.yaml', 'paths:\n  flag:', 'change: { window: 2h }\n\npaths:\n  flag:'],
    [
      'plan.yaml',
      '  - { when: cpu-high, path: partial, contain: immediately, within: 15m }',
      '  - { when: cpu-high, also: [memory-high], path: full, contain: immediately, within: 15m, approve: [dba] }\n' +
        '  - { when: cpu-high, during: ["22:00-06:00"], path: flag, contain: immediately, within: 15m }\n' +
        '  - { when: cpu-high, path: partial, contain: immediately, within: 15m }',
    ],
  ])

describe('plan explain', () => {
  test('says which row a signal leads to, and what each rung of the ladder does', async () => {
    const { code, stdout, stderr } = await explain('cpu-high')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('pgvector-search: cpu-high (critical) leads to row 10, path partial.')
    expect(stdout).toContain('row 1 (no-results: flag): it is for no-results')
    expect(stdout).toMatch(/observe: changes nothing/)
    expect(stdout).toMatch(/propose: asks on-call, and changes nothing until they say yes; then sets \/app\/prod\//)
    expect(stdout).toMatch(
      /contain: sets .* to "false"; then asks on-call, contained; then takes the path partial: drop-indexes, verify\./,
    )
    expect(stdout).toMatch(/act: sets .* to "false"; then takes the path partial/)
  })

  test('says why every other row is not the one', async () => {
    const plan = await circumstances()
    const at = async (...state: string[]) => {
      const args = state.flatMap((one) => ['--state', one])
      const { row, rows } = await explainJson(plan, 'cpu-high', ...args)
      return { row, others: rows.filter(({ when }) => when.includes('cpu-high')).map(({ whyNot }) => whyNot.join()) }
    }
    expect(await at('at=12:00')).toEqual({
      row: 12,
      others: ['memory-high is not in ALARM', 'it is 12:00 UTC, not 22:00-06:00', ''],
    })
    expect(await at('at=23:30', 'also=memory-high')).toEqual({
      row: 10,
      others: ['', 'row 10 comes first', 'row 10 comes first'],
    })
  })

  test('says how far each environment goes without a change and without a drill, and why no further', async () => {
    const plan = await circumstances()
    const { rungs } = await explainJson(
      plan,
      'cpu-high',
      '--state',
      'at=12:00',
      '--state',
      'change=none',
      '--state',
      'drill=none',
    )
    expect(rungs.map(({ environment, effective }) => [environment, effective])).toEqual([
      ['observe', 'observe'],
      ['propose', 'propose'],
      ['contain', 'contain'],
      ['act', 'contain'],
    ])
    expect(rungs.at(-1)?.why).toEqual([
      'nothing was deployed, switched or migrated in the 2h before it',
      'acting needs a drill of the path "partial" that passed within 90d; no drill is recorded',
    ])
  })

  test('names the parameters of the environment that is asked about', async () => {
    expect((await explain('cpu-high', '--environment', 'staging')).stdout).toContain(
      '/app/staging/VECTOR_SEARCH_ENABLED',
    )
  })

  test.each([
    [['cpu-hihg'], '"cpu-hihg" is not a signal of plan "pgvector-search".', 'Did you mean "cpu-high"?'],
    [['cpu-high', '--state', 'chnage=none'], '"chnage" is no circumstance.', 'Did you mean "change"?'],
    [['cpu-high', '--state', 'change=maybe'], '"change=maybe" cannot be supposed.', 'Give recent, none or unknown.'],
    [['cpu-high', '--state', 'also=leak'], '"leak" is not a signal of plan "pgvector-search".', ''],
    [['cpu-high', '--state', 'at=25:00'], '"at=25:00" cannot be supposed.', 'at=02:30'],
    [['cpu-high', '--state', 'drill'], '"drill" is not KEY=VALUE.', 'passed, none or unknown'],
  ])('%j is a mistake with its fix', async (args, message, fix) => {
    const { code, stderr } = await explain(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr).toContain(fix)
  })
})
