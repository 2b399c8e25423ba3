import { z } from 'zod'
import { PURPOSES, readAnswers, readRequest, recordAnswer, tally } from '#core/approval/approval.ts'
import type { IncidentId } from '#core/names.ts'
import type { Clock, Executions, Objects } from '#core/ports.ts'

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

const MISSING = 'Approval.Missing'

/**
 * Answers what a state asked people, in a local run: there is nobody to wait for, only those named on the command line. An
 * approval goes the way of every approval: recorded for the digest that is asked, counted, and checked again by the step
 * that needs it. A purge that is not approved fails there; a feature that may not be enabled yet stays off; a problem is
 * closed, and the run handed over.
 */
export const answerTask = async (
  payload: unknown,
  approvers: readonly Approver[],
  { objects, executions, clock }: { objects: Objects; executions: Executions; clock: Clock },
): Promise<void> => {
  const asked = Asked.safeParse(payload)
  if (!asked.success) return
  const { token, run, input } = asked.data
  if (!input.purpose || !run) return executions.succeed(token, { decision: 'close' })
  const incident = run.incident as IncidentId
  const request = await readRequest(objects, incident, input.purpose)
  if (!request) return executions.fail(token, MISSING, `The question about the ${input.purpose} was not recorded.`)
  for (const { role, name, decision = 'approved' } of approvers)
    if (request.roles.includes(role)) await recordAnswer(objects, request, { role, name, decision, at: clock.now() })
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
