import { describe, expect, test } from 'vitest'
import type { IncidentId } from '#core/names.ts'
import { usualChoices } from '#core/notice/choices.ts'
import { dueMessages } from '#core/notice/due.ts'
import { type Records, type Wait, waitsOf } from '#core/notice/waits.ts'
import type { Milliseconds } from '#core/plan/duration.ts'
import { Escalation } from '#core/plan/escalation.ts'

const MINUTE = 60_000
const T0 = Date.parse('2026-11-21T03:00:00Z')
const at = (minutes: number): string => new Date(T0 + minutes * MINUTE).toISOString()
const incident = 'search-1' as IncidentId

const PLAN = {
  escalation: Escalation.parse([
    { after: '15m', tell: ['on-call'], alternatives: ['approve', 'retry'] },
    { after: '30m', tell: ['dba', 'team-lead'], alternatives: ['restore', { do: 'Call the vendor', run: 'tel:1' }] },
    { after: '60m', tell: ['boss'] },
  ]),
  updates: (30 * MINUTE) as Milliseconds,
}

const nothing: Records = { incident, environment: 'prod', questions: [], humans: [], steps: [], dueAt: null }
const QUESTION = { purpose: 'purge', roles: ['dba'], requestedAt: at(0), expiresAt: at(1440) }
const HUMAN = { at: at(0), error: 'Retire: Postgres.Unreachable' }

const dueAt = (minutes: number, waits: readonly Wait[], begin = T0) =>
  dueMessages(PLAN, { waits, begin, known: { reason: 'slow' } }, T0 + minutes * MINUTE)
const shownAt = (minutes: number, records: Partial<Records>): string[] =>
  dueAt(minutes, waitsOf({ ...nothing, ...records }, T0 + minutes * MINUTE))
    .filter(({ event }) => event !== 'update' && event !== 'users')
    .map(({ event, roles = [] }) => `${event} ${roles.join(' ')}`)

describe('what a run waits for', () => {
  const waiting = (records: Partial<Records>, minutes = 10) =>
    waitsOf({ ...nothing, ...records }, T0 + minutes * MINUTE).map(({ id }) => id.replace(/ 2026.*/, ''))

  test.each<[string, Partial<Records>, number, string[]]>([
    ['nothing, while it works', { steps: [at(1)] }, 10, []],
    ['an approval', { questions: [QUESTION] }, 10, ['approval purge']],
    ['no approval any more, when its time is over', { questions: [QUESTION] }, 1441, []],
    [
      'no approval, when a person was called after it',
      { questions: [QUESTION], humans: [{ ...HUMAN, at: at(5) }] },
      10,
      ['human'],
    ],
    ['a person', { humans: [HUMAN], steps: [at(-1), at(0)] }, 10, ['human']],
    ['no person, when a step began after that', { humans: [HUMAN], steps: [at(1)] }, 10, []],
    ['the last of several persons', { humans: [{ ...HUMAN, at: at(5) }, HUMAN], steps: [at(1)] }, 10, ['human']],
    ['no person for more than a day', { humans: [HUMAN] }, 1441, []],
    ['somebody to look, when its budget is over', { dueAt: at(5) }, 10, ['overdue']],
    ['nobody to look, before that', { dueAt: at(15) }, 10, []],
    ['the approval, not the budget', { questions: [QUESTION], dueAt: at(5) }, 10, ['approval purge']],
  ])('%s', (_, records, minutes, ids) => {
    expect(waiting(records, minutes)).toEqual(ids)
  })
})

describe('the ladder', () => {
  test.each([
    [14, []],
    [15, ['escalated on-call']],
    [29, ['escalated on-call']],
    [30, ['escalated on-call', 'escalated dba team-lead']],
    [60, ['escalated on-call', 'escalated dba team-lead', 'escalated boss']],
  ])('after %i minutes without an answer calls those of each rung that it has reached', (minutes, expected) => {
    expect(shownAt(minutes, { questions: [QUESTION] })).toEqual(expected)
    expect(shownAt(minutes, { humans: [HUMAN] })).toEqual(expected)
    expect(shownAt(minutes, { dueAt: at(0) })).toEqual(expected)
  })

  test('has the prepared choices of the rung with their commands, and leaves out those that do not fit', () => {
    const texts = (records: Partial<Records>) =>
      dueAt(30, waitsOf({ ...nothing, ...records }, T0 + 30 * MINUTE)).map(({ values }) => values.alternatives)
    const [first, second] = texts({ questions: [QUESTION] })
    expect(first).toBe('- Approve: vector-rollback approve search-1 --environment prod --role dba')
    expect(second).toBe('- Call the vendor: tel:1')
    const [retry, restore] = texts({ humans: [HUMAN] })
    expect(retry).toBe('- Try the same again: vector-rollback decide search-1 retry --environment prod --role ROLE')
    expect(restore).toMatch(/decide search-1 path restore --environment prod --role ROLE\n- Call the vendor: tel:1$/)
  })

  test('offers what there always is on a rung without choices of its own', () => {
    const [, , , boss] = [null, ...dueAt(60, waitsOf({ ...nothing, questions: [QUESTION] }, T0 + 60 * MINUTE))]
    expect(boss?.values.alternatives).toMatch(/^- Approve: .*\n- Deny: .*\n- Leave it contained/)
  })

  test('says the same thing at every look, so that it can be told once', () => {
    const once = (minutes: number) => dueAt(minutes, waitsOf({ ...nothing, questions: [QUESTION] }, T0))[0]?.once
    expect(once(15)).toBe(once(25))
  })

  test('begins anew with another question', () => {
    const again = { ...QUESTION, requestedAt: at(100) }
    const once = (question: typeof QUESTION, minutes: number) =>
      dueAt(minutes, waitsOf({ ...nothing, questions: [question] }, T0))[0]?.once
    expect(once(QUESTION, 15)).not.toBe(once(again, 115))
  })
})

test('people are reminded when half of their time is over, and once more before its end; never of two at once', () => {
  const reminders = (minutes: number) =>
    dueMessages(
      { escalation: [], updates: undefined },
      { waits: waitsOf({ ...nothing, questions: [QUESTION] }, T0 + minutes * MINUTE), begin: T0, known: {} },
      T0 + minutes * MINUTE,
    ).map(({ event, once }) => `${event} ${once?.replace(/.*Z /, '')}`)
  expect(reminders(719)).toEqual([])
  expect(reminders(720)).toEqual(['reminder half'])
  expect(reminders(1296)).toEqual(['reminder the last tenth'])
  expect(reminders(1440)).toEqual([])
})

test('every half hour an update says how it stands, to users too; what was missed is not made up for', () => {
  const updates = (minutes: number) => dueAt(minutes, []).map(({ event, once }) => `${event} ${once}`)
  expect(updates(29)).toEqual([])
  expect(updates(30)).toEqual(['update number 1', 'users number 1'])
  expect(updates(59)).toEqual(['update number 1', 'users number 1'])
  expect(updates(125)).toEqual(['update number 4', 'users number 4'])
})

test('commands cannot be made to do something else by a name', () => {
  const named = { kind: 'human', incident: "x'; rm -rf ~; '" as IncidentId, environment: 'prod' } as const
  expect(usualChoices(named).command).toContain(`decide 'x'\\''; rm -rf ~; '\\''' retry --environment prod`)
})
