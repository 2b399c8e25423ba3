import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Clock, Objects } from '#core/ports.ts'

/**
 * The kill switch: `switch/<plan>.json` of one plan, `switch/all.json` of every plan of the environment, whose bucket it is. Written by
 * people, read by the functions before each change. Not there: not stopped.
 */
export const Switch = z.strictObject({
  stopped: z.boolean(),
  /** Who threw it, as they call themselves. */
  by: z.string().min(1),
  reason: z.string().min(1),
  /** ISO 8601. */
  at: z.string(),
})
export type Switch = z.infer<typeof Switch>

/** No plan may have this name. */
export const ALL_PLANS = 'all'

/** The switch of a plan, or of all, as it was last thrown or released; `null` when it was never touched. Throws `Switch.Unreadable`. */
export const readSwitch = async (objects: Objects, of: string): Promise<Switch | null> => {
  const key = keys.switch(of)
  try {
    const found = await readJson(objects, key)
    return found && Switch.parse(found.value)
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : String(cause)
    throw new RollbackError('Switch.Unreadable', `Nobody knows whether "${key}" says stop: ${why}`, {
      fix: 'Nothing is changed until it can be read; the flags stay as they are. See that the bucket answers and that the object is right: "vector-rollback switch show".',
      category: 'unreachable',
      cause,
    })
  }
}

/** Throws `Switch.Stopped` when the switch of the plan, or that of all plans, is thrown. Containment does not ask. */
export const requireNotStopped = async (plan: string, objects: Objects): Promise<void> => {
  const of = [ALL_PLANS, plan]
  const found = await Promise.all(of.map(async (name) => ({ name, state: await readSwitch(objects, name) })))
  const stopped = found.find(({ state }) => state?.stopped)
  if (!stopped?.state) return
  const { by, reason, at } = stopped.state
  const [what, option] = stopped.name === ALL_PLANS ? ['every plan', '--all'] : [`plan "${plan}"`, plan]
  throw new RollbackError('Switch.Stopped', `"${by}" has stopped ${what} since ${at}: "${reason}".`, {
    fix: `Nothing was changed and nothing will be; containment still works. Ask "${by}"; then "vector-rollback switch release ${option} --by … --reason …", and retry.`,
    category: 'refused',
  })
}

/** Throws the switch, or releases it. The last one who writes counts; the bucket keeps the versions. */
export const writeSwitch = async (
  objects: Objects,
  of: string,
  { stopped, by, reason, clock }: Pick<Switch, 'stopped' | 'by' | 'reason'> & { readonly clock: Pick<Clock, 'now'> },
): Promise<Switch> => {
  const state: Switch = { stopped, by, reason, at: clock.now().toISOString() }
  await writeJson(objects, keys.switch(of), state)
  return state
}
