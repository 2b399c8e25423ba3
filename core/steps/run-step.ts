import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import { recordEvent, type StepEvent } from '#core/incident/incident.ts'
import { Run } from '#core/incident/run.ts'
import type { Ports, Step, StepResult } from '#core/steps/define-step.ts'

const InRun = z.looseObject({ run: Run })

const parse = <Event>(step: { kind: string; event: z.ZodType<Event> }, payload: unknown): Event => {
  const parsed = step.event.safeParse(payload)
  if (parsed.success) return parsed.data
  throw new RollbackError(
    'Input.Invalid',
    `Step "${step.kind}" cannot use its input: ${z.prettifyError(parsed.error)}.`,
    {
      fix: 'By hand, start the state machine with {"plan": "…", "path": "…", "reason": "…"} and nothing more.',
      category: 'usage',
    },
  )
}

/**
 * Runs one step as the state machine asked for it, and writes it into the record of the run it belongs to, also when it
 * fails.
 */
export const runStep = async <Kind extends string, Event, Needs extends keyof Ports, Result extends StepResult>(
  step: Step<Kind, Event, Needs, Result>,
  payload: unknown,
  ports: Ports,
): Promise<Result> => {
  const event = parse(step, payload)
  const run = InRun.safeParse(payload).data?.run ?? null
  const started = ports.clock.now()
  const record = async (changed: boolean, detail: string, error?: StepEvent['error']) => {
    if (!run) return
    const now = ports.clock.now().getTime()
    const entry = {
      kind: step.kind,
      startedAt: started.toISOString(),
      ms: now - started.getTime(),
      changed,
      detail,
      ...(error ? { error } : {}),
    }
    // The record is for people; the work is done, or has failed, whether it can be written or not.
    await recordEvent(ports.objects, run.incident, entry, randomUUID().slice(0, 8)).catch(() => null)
  }
  try {
    const result = await step.run(event, ports)
    if (result.changed || step.record !== 'changes') await record(result.changed, result.detail)
    return result
  } catch (error) {
    const [name, message] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)]
    await record(false, `failed: ${name}: ${message}`, {
      name,
      category: isRollbackError(error) ? error.category : 'failed',
    })
    throw error
  }
}
