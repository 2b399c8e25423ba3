import { randomBytes } from 'node:crypto'
import { EXIT, exitCodeOf } from '#cli/exit-codes.ts'
import { type ErrorCategory, RollbackError } from '#core/errors.ts'
import type { Request } from '#core/incident/request.ts'
import type { IncidentId } from '#core/names.ts'
import { type LocalOutcome, outcomeOf } from '#local/outcome.ts'
import type { Stack } from '#local/stack.ts'

/** Unique, sorts by time, and fits the 80 characters of an execution's name. */
export const newExecutionName = (plan: string, path: string, now: Date): string =>
  `${plan}-${path}-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`

/** Runs the state machine once, from its start to its end. */
export const runOnce = async (stack: Stack, request: Request): Promise<LocalOutcome & { incident: IncidentId }> => {
  const incident = newExecutionName(request.plan, request.path, stack.clock.now()) as IncidentId
  const { arn } = await stack.execute(incident, request)
  return { incident, ...(await outcomeOf(arn, incident, stack)) }
}

/** 0 as intended; the code of what stopped it; 4 for a run that another one holds; 6 when people are missing. */
export const exitCodeOfOutcome = ({ problem, joined, report }: LocalOutcome): number => {
  if (joined) return EXIT.busy
  if (problem) return problem.category === null ? EXIT.needsHuman : exitCodeOfCategory(problem.category)
  return report ? EXIT.ok : EXIT.failed
}

const exitCodeOfCategory = (category: ErrorCategory): number =>
  exitCodeOf(new RollbackError('Run.Stopped', '', { fix: '', category }))
