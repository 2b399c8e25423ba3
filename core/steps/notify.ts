import { z } from 'zod'
import { type Incident, readEvents, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { valuesOfIncident, valuesOfProgress } from '#core/incident/message-values.ts'
import { Problem } from '#core/incident/problem.ts'
import { Run } from '#core/incident/run.ts'
import { type Teller, tellAll } from '#core/incident/tell.ts'
import { readAllJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { within } from '#core/notice/patience.ts'
import type { MessageEvent } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Objects } from '#core/ports.ts'
import { defineStep, type Ports } from '#core/steps/define-step.ts'
import { newestChecks } from '#core/verify/look.ts'
import { isDelivery } from '#core/verify/verification.ts'

/** What the state machine tells of by itself, and what goes with it. */
const TOLD = {
  started: ['contained', 'users', 'started'],
  'not-followed': ['not-followed'],
  worse: ['worse'],
  'handed-over': ['handed-over'],
  'no-answer': ['no-answer'],
} as const satisfies Record<string, readonly MessageEvent[]>

const NEXT: Values = {
  next: 'Contained. Mend the cause, then start the same path again: every step is safe to repeat.',
}

const valuesOf = async (
  run: Run,
  incident: Incident,
  { objects, plans }: Pick<Ports, 'objects' | 'plans'>,
): Promise<Values> => ({
  ...valuesOfIncident(await plans.load(run.plan), { ...incident, path: run.path }),
  ...valuesOfProgress(incident, await readEvents(objects, run.incident)),
})

const notFollowed = async (objects: Objects, id: IncidentId): Promise<string> =>
  (await newestChecks(objects, id, []))
    .filter((check) => isDelivery(check) && check.status === 'fail')
    .map(({ name, detail }) => `${name}: ${detail}`)
    .join('; ')

/** For reading what would be good to say. Milliseconds. */
const PATIENCE_MS = 5_000

export const notify = defineStep({
  kind: 'notify',
  purpose: 'Tells the people of the plan what happens, and never stops a rollback when that fails.',
  event: z.strictObject({
    run: Run.nullable(),
    input: z.strictObject({
      event: z.enum(['started', 'not-followed', 'worse', 'handed-over', 'no-answer']),
      /** Where there is no run: what was asked for, by which execution. */
      request: z.looseObject({ plan: z.unknown() }).optional(),
      execution: z.string().optional(),
      problem: Problem.nullable().optional(),
    }),
  }),
  needs: ['notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run, input }, ports) => {
    const { event, request, execution = '', problem } = input
    const about: Teller = run ?? {
      plan: typeof request?.plan === 'string' ? request.plan : 'unknown',
      incident: (execution.split(':').at(-1) ?? 'unknown') as IncidentId,
      path: null,
      drill: request?.drill === true,
      execution,
    }
    const checks = event === 'not-followed' ? await notFollowed(ports.objects, about.incident) : null
    if (checks === '') return { changed: false, detail: 'nobody is known not to have followed', delivered: false }
    const incident = await within(PATIENCE_MS, readIncident(ports.objects, about.incident))
    const known = run && incident && (await within(PATIENCE_MS, valuesOf(run, incident, ports)))
    const values: Values = {
      ...known,
      ...(checks === null ? {} : { checks }),
      ...(event === 'handed-over' || event === 'no-answer' ? NEXT : {}),
      ...(problem ? { error: `${problem.error}: ${Problem.text(problem)}` } : {}),
    }
    // A beginning after a person had it tried again is told again.
    const asked = await within(PATIENCE_MS, readAllJson(ports.objects, keys.human(about.incident)))
    const once = `after ${asked?.length ?? 0} questions`
    const messages = TOLD[event].map((one) => ({ event: one, values, once }))
    const sent = await tellAll(about, messages, ports)
    const delivered = sent.every((message) => message.delivered)
    return { changed: delivered, detail: sent.map(({ detail }) => detail).join('; '), delivered }
  },
})
