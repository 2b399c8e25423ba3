import { z } from 'zod'
import { messageOf, RollbackError } from '#core/errors.ts'
import type { Contained } from '#core/incident/incident.ts'
import { Execution, Request } from '#core/incident/request.ts'
import type { FlagPath } from '#core/names.ts'
import { containingFlags } from '#core/plan/containing.ts'
import { type Plan, resolveFlag, resolveRamp } from '#core/plan/load.ts'
import type { Clock, Flags } from '#core/ports.ts'
import type { Deliverer } from '#core/ports-platform.ts'
import { defineStep } from '#core/steps/define-step.ts'
import { startDeliveries } from '#core/workloads/start-deliveries.ts'

type FlagChange = Contained['flags'][number]

const READ_MS = 2_000
const RAMP_MS = 5_000
/** A percentage. */
const NOBODY = '0'

/** For the record only: containment neither fails nor waits because the old value cannot be had. */
const readBefore = async (parameter: FlagPath, { flags, clock }: { flags: Flags; clock: Clock }) => {
  const read = new AbortController()
  const tooLate = clock.sleep(READ_MS, read.signal).then(
    () => undefined,
    () => undefined,
  )
  const before = await Promise.race([flags.read(parameter).catch(() => undefined), tooLate])
  read.abort()
  return before
}

/**
 * After the flags, and never a reason to fail: the flag is what counts. Who sets a flag on by hand later does not begin
 * where a ramp has ended. Resolves to what to say of it.
 */
const endRamps = async (
  plan: Plan,
  { flags, clock, environment }: { flags: Flags; clock: Clock; environment: string },
): Promise<string[]> => {
  const late = new AbortController()
  const tooLate = clock.sleep(RAMP_MS, late.signal).then(
    () => ['no percentage could be set to 0 in time'],
    () => [],
  )
  const ended = Promise.all(
    containingFlags(plan).map(async ([name]) => {
      const parameter = resolveRamp(plan, name, environment)
      if (parameter === null) return null
      try {
        if ((await flags.read(parameter))?.value === NOBODY) return null
        await flags.write(parameter, NOBODY)
        return `${name} for 0%`
      } catch (error) {
        return `the percentage of ${name} is not 0: ${messageOf(error)}`
      }
    }),
  )
  const said = await Promise.race([ended.then((texts) => texts.filter((text) => text !== null)), tooLate])
  late.abort()
  return said
}

/**
 * Sets every flag of the plan to its safe value, then starts what brings it to applications that do not poll. Every flag is tried, also when one fails; then the first failure is
 * thrown, naming how many were switched. Used by the state machine and, one hop earlier, by the alarm's own function.
 */
export const containPlan = async (
  plan: Plan,
  ports: { flags: Flags; clock: Clock; environment: string; deliverer: Deliverer; drill?: boolean },
): Promise<Contained> => {
  const { flags, clock, environment } = ports
  const tried = await Promise.allSettled(
    containingFlags(plan).map(async ([name, flag]): Promise<FlagChange> => {
      const parameter = resolveFlag(plan, name, environment)
      const before = await readBefore(parameter, { flags, clock })
      if (before?.value === flag.safe)
        return { name, parameter, before: before.value, after: flag.safe, version: before.version }
      const { version } = await flags.write(parameter, flag.safe)
      return { name, parameter, before: before?.value ?? null, after: flag.safe, version }
    }),
  )
  const done = tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  // Also of the flags that could be set when others could not.
  const written = done.map(({ name, after, version }) => ({ name, value: after, version }))
  const [ramps, brought] = await Promise.all([
    endRamps(plan, { flags, clock, environment }),
    startDeliveries(plan, written, ports),
  ])
  const failed = tried.find((result) => result.status === 'rejected')
  if (failed) {
    const reason = messageOf(failed.reason)
    throw new RollbackError(
      'Containment.Incomplete',
      `${done.length} of ${tried.length} flags of plan "${plan.name}" are at their safe values. ${reason}`,
      {
        fix: `Set the others by hand, now: ${containingFlags(plan)
          .map(([name, { safe }]) => `${resolveFlag(plan, name, environment)} = "${safe}"`)
          .join(', ')}.`,
        category: 'unreachable',
        cause: failed.reason,
      },
    )
  }
  const changed = done.some((flag) => flag.before !== flag.after)
  return {
    changed,
    detail: [
      ...done.map((flag) => `${flag.name} ${flag.before === flag.after ? 'is' : 'set to'} "${flag.after}"`),
      ...ramps,
      ...brought,
    ].join(', '),
    at: clock.now().toISOString(),
    flags: done,
  }
}

export const contain = defineStep({
  kind: 'contain',
  purpose: 'Sets every flag of the plan to its safe value.',
  event: z.object({ request: Request, execution: Execution }),
  needs: ['flags', 'deliverer', 'plans', 'clock', 'environment'],
  run: async ({ request }, ports) =>
    containPlan(await ports.plans.load(request.plan), { ...ports, drill: request.drill ?? false }),
})
