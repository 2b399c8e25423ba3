import { z } from 'zod'
import { EXIT } from '#cli/exit-codes.ts'
import { confirmed } from '#cli/people/confirm.ts'
import { type PeopleOptions, sayAt } from '#cli/people/place.ts'
import { openText, problemText, questionText } from '#cli/people/show.ts'
import { Open, type OpenQuestion } from '#core/approval/open-questions.ts'
import { RollbackError } from '#core/errors.ts'

export interface AnswerOptions extends PeopleOptions {
  readonly role: string
  readonly purpose?: string
  readonly digest?: string
  readonly reason?: string
  readonly yes?: boolean
}

export interface DecideOptions extends PeopleOptions {
  readonly role: string
  readonly reason?: string
  readonly yes?: boolean
}

const Text = z.looseObject({ text: z.string() })

const print = (options: PeopleOptions, value: object, text: string): number => {
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`)
  return EXIT.ok
}

const usage = (message: string, fix: string) => new RollbackError('Usage.Invalid', message, { fix, category: 'usage' })

/** `vector-rollback approvals`: what people are asked now. */
export const approvals = async (incident: string | undefined, options: PeopleOptions): Promise<number> => {
  const say = await sayAt(options)
  const open = Open.parse(await say({ look: 'open', ...(incident === undefined ? {} : { incident }) }))
  return print(options, open, openText(open))
}

const theOne = (incident: string, questions: readonly OpenQuestion[], { purpose }: AnswerOptions): OpenQuestion => {
  const open = questions.filter((question) => purpose === undefined || question.purpose === purpose)
  const waiting = open.filter(({ status }) => status === 'open')
  const [first, second] = waiting.length > 0 ? waiting : open
  if (!first)
    throw new RollbackError(
      'Approval.NoQuestion',
      `Incident "${incident}" asks nothing${purpose ? ` about the ${purpose}` : ''}.`,
      { fix: 'Look at what is asked now: vector-rollback approvals.', category: 'refused' },
    )
  if (second)
    throw usage(
      `Incident "${incident}" asks about ${open.map((question) => question.purpose).join(' and ')}.`,
      'Say which with --purpose.',
    )
  return first
}

/** `vector-rollback approve` and `deny`: answers what is asked now, after it has shown it. */
export const answer = async (
  decision: 'approved' | 'denied',
  incident: string,
  options: AnswerOptions,
): Promise<number> => {
  const say = await sayAt(options)
  const { questions } = Open.parse(await say({ look: 'open', incident }))
  const question = theOne(incident, questions, options)
  if (options.digest !== undefined && options.digest !== question.digest)
    throw new RollbackError(
      'Approval.Void',
      `What is asked now has the digest "${question.digest}", not "${options.digest}".`,
      {
        fix: 'Something has changed since you looked: look again (vector-rollback approvals).',
        category: 'refused',
      },
    )
  await confirmed(`${questionText(question)}\nYou answer: ${decision}, as ${options.role}.`, options)
  const { purpose, digest } = question
  const { role, reason } = options
  const said = await say({ incident, purpose, digest, decision, role, ...(reason === undefined ? {} : { reason }) })
  const replied = Text.parse(said)
  return print(options, replied, replied.text)
}

/** `vector-rollback decide`: what comes next where a run needs a human. */
export const decide = async (
  incident: string,
  what: string,
  path: string | undefined,
  options: DecideOptions,
): Promise<number> => {
  if ((what === 'path') !== (path !== undefined))
    throw usage(
      `"${what}${path === undefined ? '' : ` ${path}`}" is no decision.`,
      'Say retry, close, or path and its name.',
    )
  const say = await sayAt(options)
  const { problems } = Open.parse(await say({ look: 'open', incident }))
  const [problem] = problems
  if (!problem)
    throw new RollbackError('Decision.NoQuestion', `Run "${incident}" waits for no decision.`, {
      fix: 'Look at what is asked now: vector-rollback approvals.',
      category: 'refused',
    })
  await confirmed(`${problemText(problem)}\nYou decide: ${what}${path ? ` ${path}` : ''}, as ${options.role}.`, options)
  const { role, reason } = options
  const decision = { decide: what, ...(path ? { path } : {}), question: problem.at }
  const replied = Text.parse(await say({ incident, ...decision, role, ...(reason === undefined ? {} : { reason }) }))
  return print(options, replied, replied.text)
}
