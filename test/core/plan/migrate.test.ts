import { describe, expect, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { type Edit, edited, planFolder, shown } from './folder.ts'

const problemsWith = async (edits: readonly Edit[], files: Record<string, string> = {}): Promise<string[]> =>
  shown(await checkPlan(await planFolder({ 'plan.yaml': edited(...edits), ...files })))

const STEP = '      - run-sql: { file: sql/step.sql }'
const migrate = (from: string, to: string): Edit => [
  STEP,
  `      - migrate: { ledger: public.alembic_version, from: [${from}], to: ${to}, file: sql/step.sql }`,
]
const RETIRE = '    retire: [public.embeddings]'
const ledger = (from: string, to: string): Edit => [
  RETIRE,
  `${RETIRE}\n    ledger: { table: public.alembic_version, from: [${from}], to: ${to} }`,
]

describe('a migration that is undone', () => {
  test('names the revisions as they stand in the ledger', async () => {
    expect(await problemsWith([migrate('20251019_memory', '20251005_users')])).toEqual([])
    expect(await problemsWith([ledger('20251019_memory', '20251005_users')])).toEqual([])
  })

  test.each([
    '"-1"',
    '"+1"',
    'head',
    '"head-1"',
    '"ae1027+2"',
    'base',
  ])('cannot be relative, %s: a retry would undo a second one (DEF-51, DEF-69)', async (relative) => {
    const refused = `${relative} is not an absolute revision. Write the revision itself`
    for (const edit of [migrate('a1', relative), migrate(relative, 'a1'), ledger('a1', relative)]) {
      const problems = await problemsWith([edit])
      expect(problems).toHaveLength(1)
      expect(problems[0]?.replaceAll('"', '')).toContain(refused.replaceAll('"', ''))
    }
  })

  test('leads somewhere else than it comes from', async () => {
    for (const edit of [migrate('a1, b2', 'b2'), ledger('a1, b2', 'b2')])
      expect((await problemsWith([edit]))[0]).toContain('"b2" is undone and reached at the same time.')
  })

  test('destroys no rows: tables go by retiring them (DEF-66)', async () => {
    const [dropped, cascade, truncated] = await problemsWith([migrate('a1', 'b2')], {
      'sql/step.sql': 'drop table public.a;\ndrop index public.b cascade;\ntruncate public.c;\n',
    })
    expect(dropped).toContain('sql/step.sql:1:1 This destroys rows without a snapshot and without approval.')
    expect(cascade).toContain('sql/step.sql:2:1 CASCADE takes along whatever depends on it')
    expect(truncated).toContain('sql/step.sql:3:1 This destroys rows')
  })

  test('is one transaction with its ledger, so nothing of it runs outside (DEF-65)', async () => {
    const [problem] = await problemsWith([migrate('a1', 'b2')], {
      'sql/step.sql': '--! no-transaction\ndrop index concurrently public.b;\n',
    })
    expect(problem).toContain('sql/step.sql:1:1 A migration and its ledger change in one transaction, or not at all.')
  })

  test('is not a step of the full path, whose ledger goes back with its tables', async () => {
    const [problem] = await problemsWith([
      [RETIRE, `    steps: [{ migrate: { ledger: public.v, from: [a], to: b, file: sql/step.sql } }]\n${RETIRE}`],
    ])
    expect(problem).toContain('The full path moves the ledger with its tables, and back with them.')
    expect(problem).toContain('paths.full.ledger: { table, from, to }')
  })
})
