import { ApprovalRequest, type Purpose } from '#core/approval/approval.ts'
import { RollbackError } from '#core/errors.ts'
import { isWorse, readCourse } from '#core/incident/course.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { swapJson } from '#core/incident/swap.ts'
import type { IncidentId } from '#core/names.ts'
import type { Clock, Executions, Objects } from '#core/ports.ts'

/** The one question that a worse path makes pointless. Nothing else that people are asked is ended by an alarm. */
const PURPOSE: Purpose = 'proceed'

/** What the state machine catches where it waits for an answer. */
export const SUPERSEDED = 'Approval.Superseded'

const isGone = (error: unknown): boolean => error instanceof Error && error.name === 'StateMachine.TaskGone'

/**
 * Ends the waiting for an answer, if there is any: the question is marked first, so that a late answer is refused, and the
 * wait ends then. Safe to repeat.
 */
export const supersedeQuestion = async (
  incident: IncidentId,
  { by, reason }: { by: string; reason: string },
  ports: { objects: Objects; clock: Clock; executions: Pick<Executions, 'fail'> },
): Promise<boolean> => {
  const at = ports.clock.now().toISOString()
  const question = await swapJson(
    `${keys.approval(incident, PURPOSE)}request.json`,
    (value) => ApprovalRequest.parse(value),
    (request) => (request && !request.superseded ? { ...request, superseded: { by, at } } : request),
    ports,
  )
  if (!question) return false
  try {
    await ports.executions.fail(question.token, SUPERSEDED, reason)
    return true
  } catch (error) {
    // Answered, expired, or ended by an earlier try.
    if (isGone(error)) return false
    throw error
  }
}

/**
 * Asked once the question is written: whoever demands a worse path writes that first and looks for questions then, so one
 * of the two sees the other. Throws `Approval.Superseded`.
 */
export const requireStillWanted = async (run: Run, purpose: Purpose, objects: Objects): Promise<void> => {
  if (purpose !== PURPOSE) return
  const demand = (await readCourse(objects, run.incident))?.demand
  if (!demand || !isWorse(demand.path, run.path)) return
  throw new RollbackError(
    SUPERSEDED,
    `Nobody is asked about the ${run.path} path: "${demand.by}" demands the ${demand.path} path of this run.`,
    { fix: 'The run goes on with that one, and asks about it if its row of the decision table says so.' },
  )
}
