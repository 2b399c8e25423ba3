import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Answer, type AnswerPorts, answerQuestion } from '#core/approval/answer-question.ts'
import { type Reply, readCall, reply } from '#core/approval/call.ts'
import { Decision, decideProblem } from '#core/approval/decide-problem.ts'
import { type Identity, rolesOf } from '#core/approval/identity.ts'
import { Look, openQuestions } from '#core/approval/open-questions.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import type { Ports } from '#core/steps/define-step.ts'

type TakePorts = AnswerPorts & Pick<Ports, 'plans'>

const STATUS: Readonly<Record<string, number>> = {
  'Answer.Invalid': 400,
  'Answer.NotPosted': 405,
  'Approval.NotAuthenticated': 403,
  'Approval.WrongRole': 403,
  'Approval.SelfApproved': 403,
  'Approval.OtherEnvironment': 403,
  'Approval.NoQuestion': 404,
  'Decision.NoQuestion': 404,
  'Approval.Void': 409,
  'Approval.Superseded': 409,
  'Approval.Answered': 409,
  'Decision.Void': 409,
  'Decision.Made': 409,
  'Approval.TooLate': 410,
}

/** What is told to the caller; anything else is a fault of ours, and thrown. */
const replyTo = (error: unknown): Reply => {
  if (!isRollbackError(error)) throw error
  const statusCode = STATUS[error.name] ?? (error.category === 'unreachable' ? 503 : undefined)
  if (statusCode === undefined) throw error
  return reply(statusCode, { error: error.name, text: error.message })
}

const Said = z.union([Answer, Decision, Look])
type Said = z.infer<typeof Said>

const parse = (body: unknown): Said => {
  const parsed = Said.safeParse(body)
  if (parsed.success) return parsed.data
  throw new RollbackError('Answer.Invalid', 'The body is no answer, no decision and no look.', {
    fix: 'Send { incident, purpose, decision: "approved" or "denied", digest, role } and at most a reason.',
    category: 'usage',
  })
}

/** An answer that was refused is part of the record, where there is a run that it could belong to. */
const recordRefusal = async (said: Answer | Decision, identity: Identity, error: RollbackError, ports: TakePorts) => {
  if (!(await readIncident(ports.objects, said.incident))) return
  const at = ports.clock.now().toISOString()
  const purpose = 'purpose' in said ? said.purpose : 'human'
  const key = `${keys.approval(said.incident, purpose)}refused/${at}-${randomUUID().slice(0, 8)}.json`
  const record = { at, error: error.name, text: error.message, name: identity.name, identity: identity.arn, said }
  await writeJson(ports.objects, key, record, { ifAbsent: true })
}

const look = async ({ incident }: z.infer<typeof Look>, identity: Identity, ports: TakePorts): Promise<Reply> => {
  if (rolesOf(identity, ports.approvers).length === 0)
    throw new RollbackError('Approval.WrongRole', `"${identity.arn}" has no role here.`, {
      fix: 'Have it added to the approvers of this environment in cdk.json, and deployed.',
      category: 'refused',
    })
  return reply(200, await openQuestions(incident, ports))
}

/**
 * What people say, by the function URL: 200 when the run goes on, 202 when others must answer too, and otherwise why not.
 * Whoever is refused is told, and what was refused is recorded.
 */
export const takeAnswer = async (event: unknown, ports: TakePorts): Promise<Reply> => {
  try {
    const { identity, body } = readCall(event)
    const said = parse(body)
    if ('look' in said) return await look(said, identity, ports)
    try {
      if ('decide' in said) return reply(200, { status: 'decided', ...(await decideProblem(said, identity, ports)) })
      const answered = await answerQuestion(said, identity, ports)
      return reply(answered.status === 'open' ? 202 : 200, answered)
    } catch (error) {
      if (isRollbackError(error) && error.name in STATUS) await recordRefusal(said, identity, error, ports)
      throw error
    }
  } catch (error) {
    return replyTo(error)
  }
}
