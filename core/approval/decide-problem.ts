import { z } from 'zod'
import type { AnswerPorts } from '#core/approval/answer-question.ts'
import { type Identity, requireRole } from '#core/approval/identity.ts'
import { Incident } from '#core/approval/incident-name.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { Problem } from '#core/incident/problem.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import { type IncidentId, PATHS } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

const said = {
  incident: Incident,
  question: z.string(),
  role: z.string(),
  reason: z.string().min(1).max(1000).optional(),
}

/** What comes next where a run waits in *Needs a human*. `question` is the moment at which it was asked. */
export const Decision = z.discriminatedUnion('decide', [
  z.strictObject({ decide: z.literal('retry'), ...said }),
  z.strictObject({ decide: z.literal('close'), ...said }),
  z.strictObject({ decide: z.literal('path'), path: z.enum(PATHS), ...said }),
])
export type Decision = z.infer<typeof Decision>

/** `incidents/<id>/human/<at>.json`. */
const HumanQuestion = z.object({ at: z.string(), problem: Problem, token: z.string() })
export type HumanQuestion = z.infer<typeof HumanQuestion>

const Decided = z.looseObject({ decide: z.string(), path: z.string().optional(), name: z.string() })

/** The last one that a run asked, whether it was decided or not; `null` when it asked none. */
export const lastHumanQuestion = async (objects: Objects, incident: IncidentId): Promise<HumanQuestion | null> => {
  const last = (await readAllJson(objects, keys.human(incident))).at(-1)
  return last ? HumanQuestion.parse(last.value) : null
}

const decidedKey = (incident: IncidentId, at: string) => `${keys.decided(incident)}${at}.json`

export const wasDecided = async (objects: Objects, incident: IncidentId, at: string): Promise<boolean> =>
  (await readJson(objects, decidedKey(incident, at))) !== null

const refused = (name: `Decision.${string}`, message: string): RollbackError =>
  new RollbackError(name, message, {
    fix: 'Look at where the run is now: vector-rollback approvals.',
    category: 'refused',
  })

/** Records the first decision and lets the machine go on with it; the same one again is no second one. */
export const decideProblem = async (
  decision: Decision,
  identity: Identity,
  ports: AnswerPorts,
): Promise<{ readonly text: string }> => {
  const { incident, decide, role } = decision
  const asked = await lastHumanQuestion(ports.objects, incident)
  if (!asked) throw refused('Decision.NoQuestion', `Run "${incident}" waits for no decision.`)
  requireRole(identity, role, ports.approvers)
  if (asked.at !== decision.question)
    throw refused(
      'Decision.Void',
      `The decision is about "${decision.question}"; run "${incident}" asked at "${asked.at}".`,
    )
  const key = decidedKey(incident, asked.at)
  const record = {
    ...decision,
    name: identity.name,
    identity: identity.arn,
    problem: `${asked.problem.state}: ${asked.problem.error}`,
    at: ports.clock.now().toISOString(),
  }
  if (!(await writeJson(ports.objects, key, record, { ifAbsent: true }))) {
    const first = Decided.parse((await readJson(ports.objects, key))?.value)
    const path = decision.decide === 'path' ? decision.path : undefined
    if (first.decide !== decide || first.path !== path)
      throw refused(
        'Decision.Made',
        `"${first.name}" has decided: ${first.decide}${first.path ? ` ${first.path}` : ''}.`,
      )
  }
  const output = decision.decide === 'path' ? { decision: 'path', path: decision.path } : { decision: decide }
  try {
    await ports.executions.succeed(asked.token, output)
    return { text: `Run "${incident}" goes on: ${decide}${'path' in output ? ` ${output.path}` : ''}.` }
  } catch (error) {
    if (!isRollbackError(error) || error.name !== 'StateMachine.TaskGone') throw error
    return { text: `Recorded; run "${incident}" had its answer before, or waits no more: look at where it is.` }
  }
}
