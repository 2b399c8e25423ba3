import type { Open, OpenProblem, OpenQuestion } from '#core/approval/open-questions.ts'

const who = ({ roles, people, from }: OpenQuestion): string =>
  from === 'each' && people <= roles.length
    ? `one person each: ${roles.join(', ')}`
    : `${people} people${from === 'each' ? ', each role by one of them' : ''}: ${roles.join(', ')}`

/** What is approved, as it is said before anybody approves it. */
export const questionText = (question: OpenQuestion): string =>
  [
    `${question.incident}: ${question.purpose} of plan ${question.plan} (${question.status})`,
    ...(question.about === null ? [] : [`  ${question.about}`]),
    `  digest ${question.digest}`,
    `  asked: ${who(question)}; until ${question.expiresAt}`,
    `  approved so far: ${question.approved.map(({ role, name }) => `${name} (${role})`).join(', ') || 'nobody'}`,
  ].join('\n')

export const problemText = ({ incident, at, state, error, text }: OpenProblem): string =>
  [
    `${incident}: needs a human since ${at}`,
    `  ${state}: ${error}: ${text}`,
    `  decide: vector-rollback decide ${incident} retry | path <path> | close`,
  ].join('\n')

export const openText = ({ questions, problems }: Open): string =>
  [...questions.map(questionText), ...problems.map(problemText)].join('\n') || 'Nothing is asked.'
