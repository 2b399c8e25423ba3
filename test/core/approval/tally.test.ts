import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ApprovalAnswer, type ApprovalRequest, tally } from '#core/approval/approval.ts'

type Asked = Pick<ApprovalRequest, 'roles' | 'people' | 'from' | 'starter' | 'digest'>

const DIGEST = 'd'.repeat(64)
const answer = (role: string, name: string, more: Partial<ApprovalAnswer> = {}): ApprovalAnswer => ({
  incident: 'incident',
  purpose: 'purge',
  role,
  name,
  identity: `arn of ${name}`,
  decision: 'approved',
  digest: DIGEST,
  at: '2026-11-21T03:00:00.000Z',
  signature: '',
  ...more,
})
const asked = (roles: readonly string[], people = roles.length): Asked => ({
  roles: [...roles],
  people,
  from: 'each',
  starter: null,
  digest: DIGEST,
})

const ROLES = ['dba', 'lead', 'owner']
const NAMES = ['Ann', 'Ben', 'Cat', 'Dan']
const anyAnswer = fc
  .record({
    role: fc.constantFrom(...ROLES, 'intern'),
    name: fc.constantFrom(...NAMES),
    digest: fc.constantFrom(DIGEST, 'e'.repeat(64)),
  })
  .map(({ role, name, digest }) => answer(role, name, { digest }))
const anyAnswers = fc.array(anyAnswer, { maxLength: 12 })
const anyAsked = fc
  .tuple(fc.array(fc.constantFrom(...ROLES), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 3 }))
  .map(([roles, people]) => asked(roles, Math.max(people, roles.length)))

/** Said the other way round: somebody writes the roles on as many different people as there are roles. */
const canBeGivenOut = (roles: readonly string[], answers: readonly ApprovalAnswer[], names = NAMES): boolean => {
  const [role, ...rest] = roles
  if (role === undefined) return true
  return names.some(
    (name) =>
      answers.some((one) => one.role === role && one.name === name) &&
      canBeGivenOut(
        rest,
        answers,
        names.filter((other) => other !== name),
      ),
  )
}

describe('approvals', () => {
  test('count when each role has a person of its own, and there are as many people as it takes', () => {
    fc.assert(
      fc.property(anyAsked, anyAnswers, (question, answers) => {
        const valid = answers.filter(({ role, digest }) => digest === DIGEST && question.roles.includes(role))
        const enough = new Set(valid.map(({ name }) => name)).size >= question.people
        expect(tally(question, answers)).toBe(enough && canBeGivenOut(question.roles, valid) ? 'approved' : 'open')
      }),
      { numRuns: 500 },
    )
  })

  test('do not depend on the order in which people answered', () => {
    fc.assert(
      fc.property(anyAsked, anyAnswers, (question, answers) => {
        expect(tally(question, answers.toReversed())).toBe(tally(question, answers))
      }),
    )
  })

  test('are never undone by one more approval', () => {
    fc.assert(
      fc.property(anyAsked, anyAnswers, anyAnswer, (question, answers, one) => {
        if (tally(question, answers) === 'approved') expect(tally(question, [...answers, one])).toBe('approved')
      }),
    )
  })

  test('are outweighed by a single denial of somebody who was asked, wherever it stands', () => {
    fc.assert(
      fc.property(anyAsked, anyAnswers, fc.nat(12), fc.constantFrom(...NAMES), (question, answers, at, name) => {
        const denial = answer(question.roles[0] ?? '', name, { decision: 'denied' })
        expect(tally(question, answers.toSpliced(at, 0, denial))).toBe('denied')
      }),
    )
  })

  test('are not outweighed by a denial of somebody who was not asked, or of something else', () => {
    const approved = [answer('dba', 'Ann'), answer('lead', 'Ben')]
    for (const denial of [
      answer('intern', 'Cat', { decision: 'denied' }),
      answer('dba', 'Cat', { decision: 'denied', digest: 'e'.repeat(64) }),
    ])
      expect(tally(asked(['dba', 'lead']), [...approved, denial])).toBe('approved')
  })

  test('of one person in two roles are one person', () => {
    expect(tally(asked(['dba', 'lead']), [answer('dba', 'Ann'), answer('lead', 'Ann')])).toBe('open')
  })

  test.each(['ann', ' Ann ', 'ANN', 'Ann\u00a0', 'Ａnn'])('of one person written "%s" are one person', (name) => {
    expect(tally(asked(['dba', 'lead']), [answer('dba', 'Ann'), answer('lead', name)])).toBe('open')
  })

  test('of one person, with the accent written in two ways, are one person', () => {
    const answers = [answer('dba', 'Zoë Müller'.normalize('NFC')), answer('lead', 'Zoë  Müller'.normalize('NFD'))]
    expect(tally(asked(['dba', 'lead']), answers)).toBe('open')
  })

  test('of one role need a second person in it where two people are needed', () => {
    expect(tally(asked(['dba'], 2), [answer('dba', 'Ann')])).toBe('open')
    expect(tally(asked(['dba'], 2), [answer('dba', 'Ann'), answer('lead', 'Ben')])).toBe('open')
    expect(tally(asked(['dba'], 2), [answer('dba', 'Ann'), answer('dba', 'Ben')])).toBe('approved')
  })

  test('find the people of their roles also where the first to answer had several', () => {
    const answers = [answer('dba', 'Ann'), answer('lead', 'Ann'), answer('dba', 'Ben')]
    expect(tally(asked(['dba', 'lead']), answers)).toBe('approved')
  })

  test('of any two people of several roles are enough where the plan says so, and one person in two roles is not', () => {
    const anyTwo: Asked = { ...asked(['dba', 'lead'], 2), from: 'any' }
    expect(tally(anyTwo, [answer('dba', 'Ann'), answer('dba', 'Ben')])).toBe('approved')
    expect(tally(anyTwo, [answer('dba', 'Ann'), answer('lead', 'Ann')])).toBe('open')
    expect(tally(anyTwo, [answer('dba', 'Ann'), answer('intern', 'Ben')])).toBe('open')
  })

  test('of as many people as it takes count, whichever of the roles they have', () => {
    fc.assert(
      fc.property(anyAsked, anyAnswers, (question, answers) => {
        const valid = answers.filter(({ role, digest }) => digest === DIGEST && question.roles.includes(role))
        const enough = new Set(valid.map(({ name }) => name)).size >= question.people
        expect(tally({ ...question, from: 'any' }, answers)).toBe(enough ? 'approved' : 'open')
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    'Ann',
    'ann ',
    'arn of Ann',
  ])('of who started it, known as "%s", do not count; a denial does', (starter) => {
    const question = { ...asked(['dba', 'lead']), starter }
    expect(tally(question, [answer('dba', 'Ann'), answer('lead', 'Ben')])).toBe('open')
    expect(tally(question, [answer('dba', 'Cat'), answer('lead', 'Ben')])).toBe('approved')
    expect(tally(question, [answer('dba', 'Ann', { decision: 'denied' })])).toBe('denied')
  })
})
