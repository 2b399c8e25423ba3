import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { IncidentId } from '#core/names.ts'
import { checkPlan } from '#core/plan/check.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { embedded } from '#local/embedded.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startStack } from '#local/stack.ts'
import { edited, planFolder, shown } from '#test/core/plan/folder.ts'
import { PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

const PURGE = 'purge: { after: 7d, approve: [team-lead, dba], within: 24h, extension: keep }'

/** The project's plan, with another purge. */
const planWith = async (purge: string): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-purge-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  await cp(PLAN_FOLDER, join(parent, PLAN), { recursive: true })
  const file = join(parent, PLAN, 'plan.yaml')
  const text = await readFile(file, 'utf8')
  if (!text.includes(PURGE)) throw new Error('the plan purges in another way')
  await writeFile(file, text.replace(PURGE, purge))
  return parent
}

const full = async (purge: string, disposable: boolean) => {
  const database = await embedded()
  const fixture = await fixtureOf(PLAN_FOLDER)
  await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
    fixture.load(session, { rows: 20 }),
  )
  const stack = await startStack({
    environment: 'test',
    disposable,
    plansDirectory: await planWith(purge),
    database: { embedded: database },
  })
  try {
    const { arn } = await stack.execute('full-1', { plan: PLAN, path: 'full', reason: 'a test' })
    const { report, problem, states } = await outcomeOf(arn, 'full-1' as IncidentId, stack)
    return { report, problem, names: states.map(({ name }) => name) }
  } finally {
    await stack.close()
    await database.close()
  }
}

const UNASKED = 'purge: { after: 0s, approve: [], within: 24h, extension: keep }'

describe('a purge goes without approval', () => {
  test('where the plan names nobody and keeps nothing, and the environment is disposable', async () => {
    const { report, names } = await full(UNASKED, true)
    expect(names).toContain('Purge')
    expect(names).not.toContain('Ask to purge')
    expect(report?.steps.find(({ kind }) => kind === 'purge')?.detail).toMatch(/^destroyed: /)
    // The snapshot was verified all the same.
    expect(names.indexOf('Verify before purge')).toBeLessThan(names.indexOf('Purge'))
  })

  test('in no other environment: nobody can approve it there, and nothing is destroyed', async () => {
    const { problem, names } = await full(UNASKED, false)
    expect(problem?.error).toBe('Approval.Missing')
    expect(names).not.toContain('Purge')
  })

  test('of no plan that names people, disposable or not', async () => {
    const { problem, names } = await full(UNASKED.replace('[]', '[team-lead]'), true)
    expect(problem?.error).toBe('Approval.Missing')
    expect(names).not.toContain('Purge')
  })
})

test('a plan that keeps what it retired, and names nobody, is an error', async () => {
  const text = edited(['purge: { after: 7d, approve: [lead]', 'purge: { after: 7d, approve: []'])
  expect(shown(await checkPlan(await planFolder({ 'plan.yaml': text })))).toEqual([
    'plan.yaml:42:25 Nobody approves this purge. Name the roles that approve it. Only after: 0s, for a disposable environment, goes without.',
  ])
})
