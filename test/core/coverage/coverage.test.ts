import { expect, it } from 'vitest'
import { type CoveringPlan, coverageOf } from '#core/coverage/coverage.ts'
import { idsInTitles } from '#core/coverage/statement.ts'
import type { Catalogue } from '#core/plan/catalogue.ts'

const requirement = (id: string) => ({ id, kind: 'verify', path: 'any', lines: '1', text: `What ${id} asks.` })
const rule = { runbooks: ['search'], requirements: [], says: '-', problem: '-', must: '-' }
const catalogue: Catalogue = {
  runbooks: {
    search: { source: 's.txt', system: 's', requirements: ['AAA-01', 'AAA-02', 'AAA-03', 'AAA-04'].map(requirement) },
    queue: { source: 'q.txt', system: 'q', requirements: [requirement('BBB-01')] },
  },
  corrections: [
    { id: 'DEF-01', ...rule },
    { id: 'DEF-02', ...rule },
  ],
  conflicts: [{ id: 'CON-01', topic: '-', runbooks: ['search'], requirements: [], says: '-', rule: '-' }],
}
const plan = (more: Partial<CoveringPlan> = {}): CoveringPlan => ({
  name: 'search',
  covers: ['AAA-01', 'AAA-02'],
  applies: ['CON-01'],
  statement: { attested: { 'AAA-03': 'The lead.' }, outside: { 'AAA-04': 'Something else.' } },
  ...more,
})
const proofs = new Map([
  ['AAA-01', ['search.test.ts']],
  ['DEF-01', ['search.test.ts']],
])
const standings = (coverage: ReturnType<typeof coverageOf>) =>
  Object.fromEntries(
    [
      ...coverage.runbooks.flatMap(({ requirements }) => requirements),
      ...coverage.corrections,
      ...coverage.conflicts,
    ].map(({ id, standing }) => [id, standing]),
  )

it('a requirement is proved only when the plan covers it and a test names it', () => {
  const coverage = coverageOf({ catalogue, plans: [plan()], proofs })
  expect(standings(coverage)).toEqual({
    'AAA-01': 'proved',
    'AAA-02': 'open',
    'AAA-03': 'attested',
    'AAA-04': 'outside',
    'BBB-01': 'open',
    'DEF-01': 'proved',
    'DEF-02': 'open',
    'CON-01': 'proved',
  })
  expect(coverage.problems).toEqual([])
})

it('an id that there is not, one of another runbook, and one that stands in two places are wrong, by name', () => {
  const { problems } = coverageOf({
    catalogue,
    plans: [
      plan({
        covers: ['AAA-01', 'AAA-02', 'AAA-09', 'BBB-01'],
        applies: ['CON-09'],
        statement: { attested: { 'AAA-01': 'The lead.' }, outside: {} },
      }),
    ],
    proofs: new Map([...proofs, ['ZZZ-01', ['other.test.ts']]]),
  })
  expect(problems).toEqual([
    'search: "AAA-09" is no requirement of its runbook',
    'search: "BBB-01" is no requirement of its runbook',
    'search: "AAA-01" stands in two places',
    'search: "CON-09" is no rule of the catalogue',
    'other.test.ts: "ZZZ-01" is not in the catalogue',
  ])
})

it('a test names ids at the end of its title, and nowhere else', () => {
  const text = `it('keeps all rows (${'AAA'}-01, AAA-02)', …); // see (BBB-01) here
    const signals = { slow: "(${'AAA'}-03)" }`
  expect(idsInTitles(text)).toEqual(['AAA-01', 'AAA-02', 'AAA-03'])
})
