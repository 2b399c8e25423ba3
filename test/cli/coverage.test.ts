import { expect, test } from 'vitest'
import { readCoverage } from '#cli/coverage/coverage.ts'
import { cli } from './cli.ts'

test('every requirement of the five runbooks is proved, attested or outside; every correction has a test, every conflict rule a plan', async () => {
  const { runbooks, corrections, conflicts, problems } = await readCoverage({})
  expect(problems).toEqual([])
  expect(runbooks.map(({ requirements }) => requirements.length)).toEqual([68, 95, 71, 92, 71])
  expect([corrections.length, conflicts.length]).toEqual([74, 29])
  const all = [...runbooks.flatMap(({ requirements }) => requirements), ...corrections, ...conflicts]
  expect(all.filter(({ standing }) => standing === 'open').map(({ id, by }) => `${id}: ${by}`)).toEqual([])
})

test('coverage ends with 3 while something is open, so that CI stops: here all, since no test is there', async () => {
  const { code, stdout } = await cli(['coverage', '--tests', 'docs'])
  expect(code).toBe(3)
  expect(stdout).toContain('PGV-01  covered, and no test shows it')
})
