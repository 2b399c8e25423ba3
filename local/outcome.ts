import { z } from 'zod'
import { type ErrorCategory, isRollbackError } from '#core/errors.ts'
import { readEvents } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { Problem } from '#core/incident/problem.ts'
import { readAllJson, readJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Executions, Objects, VisitedState } from '#core/ports.ts'
import { RunReport } from '#core/report/model.ts'

/** How a local run ended. `report` is `null` when it was never opened: another run has it, or the bucket failed. */
export interface LocalOutcome {
  readonly report: RunReport | null
  readonly states: readonly VisitedState[]
  /** What stopped it; the category is of the step that failed, `null` when people were missing. */
  readonly problem: { readonly error: string; readonly text: string; readonly category: ErrorCategory | null } | null
  /** Ended at once because another run holds the plan. */
  readonly joined: boolean
}

const Asked = z.looseObject({ problem: Problem })

/** A state that is not a step's failure: people were asked and did not approve, or a check could not be answered. */
const PEOPLE = new Set(['Approval.Missing', 'Verification.Unknown'])
const REFUSED = new Set(['Approval.Denied', 'Approval.Void'])

/** Reads how it ended from the bucket and the history, and completes the report with the states that came after it. */
export const outcomeOf = async (
  arn: string,
  incident: IncidentId,
  { objects, executions }: { objects: Objects; executions: Executions },
): Promise<LocalOutcome> => {
  const states = await executions.history(arn)
  try {
    return await ofRecord(incident, states, objects)
  } catch (error) {
    if (!isRollbackError(error) || error.category !== 'unreachable') throw error
    // The bucket is what is broken: the history alone has to tell.
    const failed = states.findLast((state) => state.error !== null)
    const problem = { error: failed?.error ?? error.name, text: error.message, category: error.category }
    return { report: null, states, problem, joined: false }
  }
}

const ofRecord = async (
  incident: IncidentId,
  states: readonly VisitedState[],
  objects: Objects,
): Promise<LocalOutcome> => {
  const asked = (await readAllJson(objects, keys.human(incident))).map(({ value }) => Asked.parse(value).problem).at(-1)
  const failed = (await readEvents(objects, incident)).filter(({ error }) => error !== undefined).at(-1)?.error
  const error = asked?.error ?? null
  const category = (): ErrorCategory | null => {
    // Nothing is contained then, whatever it was that failed: somebody has to set the flags by hand.
    if (asked?.state === 'Contain') return null
    if (error !== null && REFUSED.has(error)) return 'refused'
    if (error !== null && PEOPLE.has(error)) return null
    return failed?.name === error ? (failed?.category ?? 'failed') : 'failed'
  }
  const problem = asked ? { error: error ?? 'no name', text: Problem.text(asked), category: category() } : null
  const found = await readJson(objects, keys.report(incident, 'json'))
  const joined = states.at(-1)?.name === 'Nothing to do' && found === null
  return { report: found && complete(RunReport.parse(found.value), states), states, problem, joined }
}

/** The report is written before the execution ends: its last states, and the time they took, are added here. */
const complete = (report: RunReport, states: readonly VisitedState[]): RunReport => {
  const last = states.at(-1)
  const end = last ? Date.parse(last.startedAt) + (last.ms ?? 0) : Date.parse(report.createdAt)
  const late = Math.max(0, end - Date.parse(report.createdAt)) / 1000
  return { ...report, states: [...states], seconds: { ...report.seconds, total: report.seconds.total + late } }
}
