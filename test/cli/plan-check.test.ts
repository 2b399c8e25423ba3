import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { cli } from './cli.ts'

test('the plans of the project are ok, with what they hold', async () => {
  const { code, stdout, stderr } = await cli(['plan', 'check'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(
    /^plans\/pgvector-search: ok, \d+ signals, \d+ decisions, \d+ checks, covers \d+ requirements$/m,
  )
})

describe('a bad plan ends with 2 and the place of each mistake', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [i, name] of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].entries()) {
    const previous = 'abcdefghi'[i]
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${previous}`).join(', ')}]`)
  }
  test.each([
    [
      'an unknown key',
      { 'plan.yaml': edited(['    budget: 30m', '    bugdet: 30m']) },
      /small\/plan\.yaml:\d+:5: paths\.full: "bugdet" is not a key of this mapping\. Did you mean "budget"\?/,
    ],
    [
      'a YAML bomb',
      { 'plan.yaml': `${bomb.join('\n')}\n` },
      /small\/plan\.yaml:1:\d+: .*"&a" is an anchor\. Remove it/,
    ],
    [
      'a missing SQL file',
      { 'sql/step.sql': null },
      /small\/plan\.yaml:\d+:\d+: paths\.partial\.steps\[1\].*"sql\/step\.sql" does not exist\. Create the file/,
    ],
    [
      'a step that destroys',
      { 'sql/step.sql': 'select 1;\ndrop table public.embeddings;\n' },
      /small\/sql\/step\.sql:2:1: This destroys rows without a snapshot/,
    ],
    ['YAML that is none', { 'plan.yaml': 'name: [\n' }, /small\/plan\.yaml:\d+:\d+: /],
  ] as const)('%s', async (_, files, message) => {
    const directory = await planFolder(files)
    const { code, stdout } = await cli(['plan', 'check', directory])
    expect(code).toBe(2)
    expect(stdout).toMatch(message)
    expect(stdout).toMatch(/small: \d+ problems?\n$/)
  })

  test('and spoils the whole check, whatever the others are', async () => {
    const directory = await planFolder({ 'sql/step.sql': null })
    const { code, stdout } = await cli(['plan', 'check', 'pgvector-search', directory])
    expect(code).toBe(2)
    expect(stdout).toContain('plans/pgvector-search: ok')
  })

  test('as one document for machines', async () => {
    const directory = await planFolder({ 'sql/step.sql': null })
    const { code, stdout, stderr } = await cli(['plan', 'check', 'small', '--plans', dirname(directory), '--json'])
    expect([code, stderr]).toEqual([2, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      plans: [{ plan: null, problems: [{ file: 'plan.yaml', message: '"sql/step.sql" does not exist.' }] }],
    })
  })
})

test('all plans of a folder are checked when none is named', async () => {
  const directory = await planFolder()
  await writeFile(join(directory, 'sql', 'stray.sql'), 'select 1;\n')
  const { code, stdout } = await cli(['plan', 'check', '--plans', dirname(directory)])
  expect(code).toBe(2)
  expect(stdout).toContain('sql/stray.sql:1:1: plan.yaml does not name this file. Name it in plan.yaml, or delete it.')
})
