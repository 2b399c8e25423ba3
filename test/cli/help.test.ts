import { describe, expect, test } from 'vitest'
import { cli } from './cli.ts'

describe('help', () => {
  test('tells what there is and what the exit codes mean, on stdout', async () => {
    const { code, stdout, stderr } = await cli(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    for (const command of [
      'plan',
      'drill',
      'drills',
      'run',
      'probe',
      'fixture',
      'bootstrap',
      'snapshots',
      'breaker',
      'switch',
      'guard',
      'baseline',
      'observe',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(stdout).toContain('3 refused, nothing changed')
  })

  test.each([
    ['plan', 'check'],
    ['plan', 'init'],
    ['plan', 'preview'],
    ['drill'],
    ['drills'],
    ['run'],
    ['probe'],
    ['fixture'],
    ['bootstrap'],
    ['snapshots', 'list'],
    ['snapshots', 'verify'],
    ['snapshots', 'take'],
    ['snapshots', 'sweep'],
    ['breaker', 'status'],
    ['breaker', 'close'],
    ['switch', 'stop'],
    ['switch', 'release'],
    ['switch', 'show'],
    ['baseline', 'record'],
    ['baseline', 'compare'],
    ['observe', 'report'],
  ])('of %s %s ends with examples that can be copied', async (...command) => {
    const { code, stdout } = await cli([...command.filter(Boolean), '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ vector-rollback ${command.filter(Boolean).join(' ')}`))
  })
})

describe('wrong usage ends with 2, and nothing on stdout', () => {
  test.each([
    [['drll'], "unknown command 'drll'", 'Did you mean drill?'],
    [['plan', 'chek'], "unknown command 'chek'", 'Did you mean check?'],
    [['plan', 'check', '--jsn'], "unknown option '--jsn'", 'Did you mean --json?'],
    [
      ['plan', 'preview', 'pgvector-search', '--path', 'fall'],
      "'fall' is invalid",
      'flag, partial, full, restore, purge',
    ],
    [['plan', 'preview', 'pgvector-search'], "required option '--path <path>' not specified", '--help'],
    [['fixture', 'pgvector-search', '--database-url', 'x', '--rows', '1e3'], "'1e3' is invalid", 'whole number'],
    [['plan', 'check', 'pgvector-serch'], '"pgvector-serch"', 'Did you mean "pgvector-search"?'],
    [['plan', 'check', './no/such/plan'], 'There is no plan.yaml in', 'Name the folder of a plan.'],
    [['plan', 'check', '--plans', './no-such-folder'], 'no-such-folder', 'Correct --plans'],
  ])('%j', async (args, wrong, hint) => {
    const { code, stdout, stderr } = await cli(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(wrong)
    expect(stderr).toContain(hint)
  })

  test('no command at all', async () => {
    const { code, stdout, stderr } = await cli([])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: vector-rollback')
  })
})
