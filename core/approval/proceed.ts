import type { Question } from '#core/approval/approval.ts'
import { rolesToAsk } from '#core/decide/ask.ts'
import { rowOf } from '#core/decide/decide.ts'
import { readCourse } from '#core/incident/course.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { onePersonOfEach } from '#core/plan/vocabulary.ts'
import type { Objects } from '#core/ports.ts'

/**
 * Whether the path of a run goes on, and who says so: those of the row that its signal has led to. Of the path that is taken now: what
 * was said about one is no answer about a worse one, nor about another scenario.
 */
export const proceedQuestion = async (
  run: Run,
  plan: Plan,
  { objects }: { readonly objects: Objects },
): Promise<Question> => {
  const from = (await readCourse(objects, run.incident)) ?? (await readIncident(objects, run.incident))
  const row = from?.signal && rowOf(plan, from.signal.name, from.signal.severity)
  const { path, scenario } = run
  return {
    purpose: 'proceed',
    subject: { path, ...(scenario === undefined ? {} : { scenario }) },
    approve: onePersonOfEach(rolesToAsk(plan, from?.decided?.approve ?? row?.approve ?? [])),
  }
}
