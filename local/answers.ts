import { z } from 'zod'
import { type ApprovalRequest, PURPOSES, readAnswers, readRequest, tally } from '#core/approval/approval.ts'
import { RollbackError } from '#core/errors.ts'
import type { IncidentId } from '#core/names.ts'
import type { Executions, Objects } from '#core/ports.ts'
import { localArn, urlEvent } from '#local/people.ts'

/** Who answers approvals of local runs, from `--approve ROLE=NAME`. */
export interface Approver {
  readonly role: string
  readonly name: string
  /** Without one they approve. */
  readonly decision?: 'approved' | 'denied'
}

const Asked = z.looseObject({
  token: z.string(),
  run: z.looseObject({ incident: z.string() }).nullable(),
  input: z.looseObject({ purpose: z.enum(PURPOSES).optional() }),
})

const Replied = z.object({ statusCode: z.int(), body: z.string() })
const Body = z.union([
  z.object({ status: z.enum(['approved', 'denied', 'open']) }),
  z.object({ error: z.string(), text: z.string() }),
])

const MISSING = 'Approval.Missing'

interface AnswerPorts {
  readonly objects: Objects
  readonly executions: Executions
  /** The function that takes answers, as its URL would invoke it. */
  readonly answer: (event: object) => Promise<unknown>
}

/** Whether the machine goes on with this answer. One that comes after the end changes nothing. */
const give = async (request: ApprovalRequest, approver: Approver, { answer }: AnswerPorts): Promise<boolean> => {
  const { incident, purpose, digest } = request
  const { role, name, decision = 'approved' } = approver
  const replied = Replied.parse(await answer(urlEvent(localArn(name), { incident, purpose, digest, role, decision })))
  const body = Body.parse(JSON.parse(replied.body))
  if ('status' in body) return body.status !== 'open'
  if (body.error === 'Approval.Answered') return true
  throw new RollbackError(body.error as `${string}.${string}`, body.text, {
    fix: '',
    category: replied.statusCode === 503 ? 'unreachable' : 'refused',
  })
}

/**
 * Answers what a state asked people, in a local run: there is nobody to wait for, only those named on the command line. An
 * approval goes the way of every approval: through the function that takes answers, which records and signs it, and counted
 * again by the step that needs it. A purge that is not approved fails there; a feature that may not be enabled yet
 * stays off; a problem is closed, and the run handed over.
 */
export const answerTask = async (
  payload: unknown,
  approvers: readonly Approver[],
  ports: AnswerPorts,
): Promise<void> => {
  const { objects, executions } = ports
  const asked = Asked.safeParse(payload)
  if (!asked.success) return
  const { token, run, input } = asked.data
  if (!input.purpose || !run) return executions.succeed(token, { decision: 'close' })
  const incident = run.incident as IncidentId
  const request = await readRequest(objects, incident, input.purpose)
  if (!request) return executions.fail(token, MISSING, `The question about the ${input.purpose} was not recorded.`)
  let settled = false
  for (const approver of approvers)
    if (request.roles.includes(approver.role)) settled = (await give(request, approver, ports)) || settled
  if (settled) return
  const answer = tally(request, await readAnswers(objects, incident, input.purpose))
  if (answer !== 'open') return executions.succeed(token, { approved: answer === 'approved' })
  if (input.purpose === 're-enable') return executions.succeed(token, { approved: false })
  const wanted = request.roles.map((role) => `--approve ${role}=NAME`).join(' ')
  return executions.fail(
    token,
    MISSING,
    `${request.about ? `${request.about}. ` : ''}The ${input.purpose} needs ${request.people} people in the roles ${request.roles.join(', ')}; nothing was destroyed. Add ${wanted} with the names of those who approve it.`,
  )
}
