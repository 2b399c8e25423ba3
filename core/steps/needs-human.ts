import { z } from 'zod'
import { explained } from '#core/incident/explain.ts'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { valuesOfIncident } from '#core/incident/message-values.ts'
import { Problem } from '#core/incident/problem.ts'
import { Run } from '#core/incident/run.ts'
import { tell } from '#core/incident/tell.ts'
import { writeJson } from '#core/json.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import { defineStep, type Ports } from '#core/steps/define-step.ts'

/** What the record of the run says, where it can be read: this step works while the bucket does not. */
const known = async (run: Run, { objects, plans }: Pick<Ports, 'objects' | 'plans'>) => {
  const incident = await readIncident(objects, run.incident).catch(() => null)
  return incident ? valuesOfIncident(await plans.load(run.plan), incident) : {}
}

export const needsHuman = defineStep({
  kind: 'needs-human',
  purpose:
    'Tells people that the rollback cannot go on by itself, and leaves the state machine waiting for their decision.',
  event: z.strictObject({
    run: Run.nullable(),
    input: z.strictObject({ request: z.looseObject({}), problem: Problem, execution: z.string() }),
    token: z.string().min(1),
  }),
  needs: ['notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run, input, token }, ports) => {
    const problem = run ? await explained(input.problem, ports.objects, run.incident) : input.problem
    const incident = (run?.incident ?? input.execution.split(':').at(-1) ?? 'unknown') as IncidentId
    const at = ports.clock.now().toISOString()
    // The bucket may be what is broken: people are told all the same.
    await writeJson(ports.objects, `${keys.human(incident)}${at}.json`, { at, problem, token }).catch(() => null)
    const detail = `${problem.state}: ${problem.error}`
    if (run) {
      const text = Problem.text(problem)
      await tell(
        run,
        'needs-human',
        { ...(await known(run, ports)), error: `${problem.error}: ${text}`, next: 'retry, another path, or close' },
        ports,
      )
      return { changed: true, detail }
    }
    const plan = (typeof input.request.plan === 'string' ? input.request.plan : 'unknown') as PlanName
    await ports.notifier
      .send({
        plan,
        incident,
        event: 'needs-human',
        severity: 'critical',
        subject: `${plan}: the rollback could not begin (${problem.error})`,
        body: `${problem.state}: ${Problem.text(problem)}\nExecution ${input.execution} waits for retry, another path, or close.`,
      })
      .catch(() => null)
    return { changed: true, detail }
  },
})
