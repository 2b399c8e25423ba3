import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { checkDefinition } from '../../statemachines/check.ts'

const text = readFileSync(new URL('../../statemachines/rollback.asl.json', import.meta.url), 'utf8')

test('finds nothing wrong with the state machine', async () => {
  expect(checkDefinition(text)).toEqual([])
  const check = new URL('../../statemachines/check.ts', import.meta.url).pathname
  await expect(promisify(execFile)(process.execPath, [check])).resolves.toMatchObject({ stdout: '', stderr: '' })
})

test.each<[string, string, string, RegExp]>([
  [
    'a transition to nowhere',
    '"Next": "Open incident"',
    '"Next": "Open the incident"',
    /^asl-validator: .*Open the incident/,
  ],
  ['an expression that does not parse', '{% $held != null %}', '{% $held != %}', /^interpreter: .*"Is it ours\?"/],
  ['a field that the interpreter does not know', '"Label": "LoadParts"', '"Lable": "LoadParts"', /Lable/],
  ['a substitution that is no step', 'RetireFunction}', 'RetierFunction}', /^interpreter: .*RetierFunction/],
  ['what is no JSON', '{', '', /^(asl-validator|interpreter): .*JSON/],
])('finds %s', (_what, right, wrong, expected) => {
  expect(text).toContain(right)
  const problems = checkDefinition(text.replace(right, wrong))
  expect(
    problems.filter((problem) => expected.test(problem)),
    problems.join('\n'),
  ).not.toEqual([])
})

test('takes a validator that crashes for a complaint', () => {
  expect(checkDefinition('null').filter((problem) => problem.startsWith('asl-validator: '))).not.toEqual([])
})
