import { describe, expect, test } from 'vitest'
import { problemsWith } from './folder.ts'

describe('references that lead nowhere', () => {
  test('a check, a flag, a signal and a role that the plan does not have', async () => {
    expect(
      await problemsWith(
        ['checks: [answers]', 'checks: [answer]'],
        ['run-sql: { file: sql/step.sql }', 'set-flag: { flag: SEARHC, to: safe }'],
        ['- when: slow', '- when: slwo'],
        ['re-enable: { approve: [lead]', 're-enable: { approve: [dba]'],
      ),
    ).toEqual([
      'plan.yaml:19:3 No row of decide names "slow". Add a row, with path: monitor if people are only to be told.',
      'plan.yaml:27:11 "slwo" is not a signal of this plan. Did you mean "slow"?',
      'plan.yaml:37:27 "SEARHC" is not a flag of this plan. Did you mean "SEARCH"?',
      'plan.yaml:38:28 "answer" is not a check of this plan. Did you mean "answers"?',
      'plan.yaml:46:28 "dba" approves and has no contact. Add dba to contacts. Use one of lead.',
    ])
  })

  test('a role without a contact among those of whom any may approve', async () => {
    const restore = 're-enable: { approve: [lead]'
    expect(await problemsWith([restore, 're-enable: { approve: { roles: [lead, dba], people: 2 }'])).toEqual([
      'plan.yaml:46:43 "dba" approves and has no contact. Add dba to contacts. Use one of lead.',
    ])
    for (const approve of [
      '{ role: [lead], people: 2 }',
      '{ roles: [], people: 1 }',
      '{ roles: [lead], people: 0 }',
      '[]',
      'lead',
    ])
      expect(await problemsWith([restore, `re-enable: { approve: ${approve}`])).toEqual([
        expect.stringMatching(/^plan.yaml:46:\d+ .*this is neither a list of roles nor/),
      ])
  })

  test('a row that no signal can reach: another severity, or a row before it', async () => {
    const row = '  - when: slow\n    path: full\n    contain: immediately\n    within: 15m\n    approve: [lead]\n'
    expect(
      await problemsWith([row, `${row}  - { when: slow, path: flag, contain: immediately, within: 1m }\n`]),
    ).toEqual([
      'plan.yaml:32:13 This row contradicts row 1: the same condition for "slow", another action. Keep one of the two, or give them different circumstances.',
    ])
    expect(await problemsWith([row, `${row}${row}`])).toEqual([
      'plan.yaml:32:11 This row never matches: row 1 takes every "slow". Remove it, or move it up.',
    ])
    expect(await problemsWith(['    path: full\n', '    path: full\n    severity: low\n'])).toEqual([
      'plan.yaml:29:15 This row never matches: "slow" is critical, not low. Correct the severity, or remove the row.',
    ])
  })

  test('a path that a row chooses and the plan does not have', async () => {
    const restore = '  restore:\n    budget: 2h\n    re-enable: { approve: [lead], gates: [Fixed.] }\n'
    expect(await problemsWith([restore, ''], ['    path: full', '    path: restore'])).toEqual([
      'plan.yaml:28:11 This plan has no path "restore". Add it to paths, or choose another one.',
    ])
  })

  test('a table that would be retired and is not protected', async () => {
    expect(await problemsWith(['retire: [public.embeddings]', 'retire: [public.embedings]'])).toEqual([
      'plan.yaml:41:14 "public.embedings" would be retired and is not protected. Add it to protects.tables. Did you mean "public.embeddings"?',
    ])
  })
})
