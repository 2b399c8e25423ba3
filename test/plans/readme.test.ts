import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { planFolder } from '#test/plans/world.ts'

/** The sections of the runbook, without what is above the first of them, and the appendices that are commands alone. */
const SECTIONS = {
  'pgvector-search': 14,
  'database-optimization': 20,
  'cluster-mode': 19,
  'embedding-queue': 24,
  'memory-chunks': 19,
} as const

test.each(
  Object.entries(SECTIONS),
)('somebody who knows the runbook of %s finds its sections in the README, and what stands there is in the plan', async (name, least) => {
  const read = (file: string) => readFile(join(planFolder(name), file), 'utf8')
  const [readme, plan, coverage] = await Promise.all([read('README.md'), read('plan.yaml'), read('coverage.yaml')])
  const [, after = ''] = readme.split('## The runbook, section by section\n')
  const rows = (after.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| [^-]/.test(line))
  const sections = rows.filter((line) => !line.startsWith('| section of the runbook'))
  expect(sections.length).toBeGreaterThanOrEqual(least)
  for (const line of sections) {
    const names = [...line.matchAll(/`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`/g)].map(([, found]) => found ?? '')
    for (const found of names.filter((found) => !COMMANDS.includes(found) && !BUILT_IN.includes(found)))
      expect([line, plan]).toEqual([
        line,
        expect.stringMatching(new RegExp(`(^|[\\s\\[{,"/])${found}([\\s\\]},:"/.]|$)`, 'm')),
      ])
    for (const [id] of line.matchAll(/\b(PGV|OPT|VEC|EMQ|MEM)-\d\d\b/g))
      expect([line, `${plan}${coverage}`]).toEqual([line, expect.stringContaining(id)])
  }
})

const COMMANDS = ['vector-rollback', 'deploy-gate']
/** Kept as evidence whatever the plan says. */
const BUILT_IN = ['running-queries']
