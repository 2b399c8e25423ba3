import { z } from 'zod'
import { explained } from '#core/incident/explain.ts'
import { readEvents, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { valuesOfIncident, valuesOfProgress } from '#core/incident/message-values.ts'
import { Problem } from '#core/incident/problem.ts'
import { Run } from '#core/incident/run.ts'
import { tell } from '#core/incident/tell.ts'
import { digestOf, writeJson } from '#core/json.ts'
import { type IncidentId, PATHS } from '#core/names.ts'
import { HUMAN_WITHIN_MS, usualChoices } from '#core/notice/choices.ts'
import { within } from '#core/notice/patience.ts'
import { defineStep, type Ports } from '#core/steps/define-step.ts'

/** For each look at the record: a function that tells people has 50 seconds. Milliseconds. */
const PATIENCE_MS = 5_000

/** What the record of the run says, where it can be read: this step works while the bucket does not. */
const known = async (run: Run, { objects, plans }: Pick<Ports, 'objects' | 'plans'>) => {
  const incident = await readIncident(objects, run.incident).catch(() => null)
  if (!incident) return {}
  const events = await readEvents(objects, run.incident)
  return { ...valuesOfIncident(await plans.load(run.plan), incident), ...valuesOfProgress(incident, events) }
}

/** Errors of *Contain* that come before it touches a flag. */
const BEFORE_CONTAINMENT = /^(Plan|Input)\./

/** A run that never began, and why: its flags are at their safe values, unless they could not be set. */
const beforeTheRun = (problem: Problem): 'not-contained' | 'not-started' =>
  problem.state === 'Contain' && !BEFORE_CONTAINMENT.test(problem.error ?? '') ? 'not-contained' : 'not-started'

/** Nobody said no: nobody said anything. */
const inWords = (problem: Problem): string =>
  problem.error === 'States.Timeout' && problem.state.startsWith('Ask')
    ? 'Nobody answered in time. Silence is no consent: nothing was done, the system stays contained.'
    : Problem.text(problem)

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
    const { objects, clock } = ports
    const { request, execution } = input
    const problem = run
      ? ((await within(PATIENCE_MS, explained(input.problem, objects, run.incident))) ?? input.problem)
      : input.problem
    const incident = (run?.incident ?? execution.split(':').at(-1) ?? 'unknown') as IncidentId
    const now = clock.now()
    const at = now.toISOString()
    const record = `${keys.human(incident)}${at}.json`
    const expiresAt = new Date(now.getTime() + HUMAN_WITHIN_MS).toISOString()
    const plan = typeof request.plan === 'string' ? request.plan : 'unknown'
    const path = run?.path ?? PATHS.find((one) => one === request.path) ?? null
    const drill = run?.drill ?? request.drill === true
    const about = { plan: run?.plan ?? plan, incident, path, drill, execution }
    // The bucket may be what is broken: people are told all the same.
    const asked = writeJson(objects, record, { at, problem, token })
    const unopened = run ? null : writeJson(objects, keys.unopened(incident), { ...about, at, problem })
    await within(PATIENCE_MS, Promise.all([asked, unopened]))
    const values = {
      ...(run ? await within(PATIENCE_MS, known(run, ports)) : {}),
      ...(typeof request.reason === 'string' ? { reason: request.reason } : {}),
      error: `${problem.error}: ${inWords(problem)}`,
      next: 'Choose: retry, another path, or close.',
      deadline: expiresAt,
      ...usualChoices({ kind: 'human', incident, environment: ports.environment }),
    }
    const event = run ? 'needs-human' : beforeTheRun(problem)
    // Asked a second time for the same reason, it is another question.
    const message = await tell(about, event, values, ports, digestOf(token))
    return { changed: true, detail: `${problem.state}: ${problem.error}; ${message.detail}` }
  },
})
