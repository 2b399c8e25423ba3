import { z } from 'zod'
import {
  type ApprovalRequest,
  isStarter,
  PURPOSES,
  person,
  readRequest,
  readSigned,
  recordAnswer,
  type Tally,
  tally,
} from '#core/approval/approval.ts'
import { type Identity, requireRole } from '#core/approval/identity.ts'
import { Incident } from '#core/approval/incident-name.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { IncidentId } from '#core/names.ts'
import type { Ports } from '#core/steps/define-step.ts'

/** Yes or no to a question, by the digest that was shown. */
export const Answer = z.strictObject({
  incident: Incident,
  purpose: z.enum(PURPOSES),
  decision: z.enum(['approved', 'denied']),
  digest: z.string(),
  role: z.string(),
  reason: z.string().min(1).max(1000).optional(),
})
export type Answer = z.infer<typeof Answer>

export type AnswerPorts = Pick<
  Ports,
  'objects' | 'executions' | 'clock' | 'environment' | 'signer' | 'approvalKey' | 'approvers'
>

export interface Answered {
  readonly status: Tally
  readonly text: string
}

const refused = (name: `Approval.${string}`, message: string, fix: string): RollbackError =>
  new RollbackError(name, message, { fix, category: 'refused' })

const LOOK = 'Look at what is asked now: vector-rollback approvals.'

/** The question as it stands now. Throws `Approval.NoQuestion`, `Approval.OtherEnvironment`. */
const openQuestion = async (
  { incident, purpose }: Answer,
  { objects, environment }: AnswerPorts,
): Promise<ApprovalRequest> => {
  const request = await readRequest(objects, incident, purpose)
  if (!request) throw refused('Approval.NoQuestion', `Incident "${incident}" asks nothing about the ${purpose}.`, LOOK)
  const record = await readIncident(objects, incident)
  if (record && record.environment !== environment)
    throw refused(
      'Approval.OtherEnvironment',
      `Incident "${incident}" is of environment "${record.environment}"; this is "${environment}".`,
      'Answer where it happens.',
    )
  return request
}

/** Throws what keeps this answer from being one: `Approval.Void`, `.Superseded`, `.TooLate`, `.SelfApproved`. */
const requireAnswerable = (request: ApprovalRequest, answer: Answer, identity: Identity, now: Date): void => {
  if (request.superseded)
    throw refused(
      'Approval.Superseded',
      `Since ${request.superseded.at} run "${request.incident}" goes on with a worse path, for "${request.superseded.by}"; nobody waits for this answer.`,
      LOOK,
    )
  if (answer.digest !== request.digest)
    throw refused(
      'Approval.Void',
      `The answer is to digest "${answer.digest}"; what is asked now is "${request.digest}".`,
      'Plan, catalogue, rows or snapshot have changed: look at what is asked now, and answer that.',
    )
  if (now.getTime() > Date.parse(request.expiresAt))
    throw refused(
      'Approval.TooLate',
      `The question about the ${request.purpose} closed at ${request.expiresAt}.`,
      'Have it asked again: choose retry where the run waits for a person, or start the path again.',
    )
  if (answer.decision === 'approved' && isStarter({ name: identity.name, identity: identity.arn }, request.starter))
    throw refused(
      'Approval.SelfApproved',
      `"${identity.name}" started run "${request.incident}", and cannot approve it.`,
      'Have somebody else approve. Denying is open to everybody who is asked.',
    )
}

/** Lets the machine go on: by the token of now, should it have been asked again meanwhile. A token that nobody waits on was answered before: twice is once. */
const settle = async (asked: ApprovalRequest, counted: 'approved' | 'denied', ports: AnswerPorts): Promise<string> => {
  const now = await readRequest(ports.objects, asked.incident as IncidentId, asked.purpose)
  const request = now?.digest === asked.digest ? now : asked
  try {
    await ports.executions.succeed(request.token, { approved: counted === 'approved' })
    return `The ${request.purpose} is ${counted}; run "${request.incident}" goes on.`
  } catch (error) {
    if (!isRollbackError(error) || error.name !== 'StateMachine.TaskGone') throw error
    return `The ${request.purpose} is ${counted}; run "${request.incident}" had its answer before, or waits no more: look at where it is.`
  }
}

/** Records one answer, and lets the machine go on once there are enough. Throws `Approval.*`; safe to send again. */
export const answerQuestion = async (answer: Answer, identity: Identity, ports: AnswerPorts): Promise<Answered> => {
  const request = await openQuestion(answer, ports)
  requireRole(identity, answer.role, ports.approvers)
  const now = ports.clock.now()
  requireAnswerable(request, answer, identity, now)
  const before = await readSigned(ports.objects, request, ports.approvalKey)
  const counted = tally(request, before)
  const again = before.some(
    ({ digest, role, decision, name }) =>
      digest === request.digest &&
      role === answer.role &&
      decision === answer.decision &&
      person(name) === person(identity.name),
  )
  if (counted !== 'open' && !again)
    throw refused('Approval.Answered', `The ${request.purpose} is ${counted} already; this answer came after it.`, LOOK)
  const { role, decision, reason } = answer
  const said = { role, decision, name: identity.name, identity: identity.arn, at: now }
  if (!again) await recordAnswer(ports, request, { ...said, ...(reason === undefined ? {} : { reason }) })
  const answers = await readSigned(ports.objects, request, ports.approvalKey)
  const result = tally(request, answers)
  if (result !== 'open') return { status: result, text: await settle(request, result, ports) }
  const yes = new Set(answers.filter(({ digest }) => digest === request.digest).map(({ name }) => person(name)))
  return {
    status: 'open',
    text: `Recorded. ${yes.size} of ${request.people} people have approved; open until ${request.expiresAt}.`,
  }
}
