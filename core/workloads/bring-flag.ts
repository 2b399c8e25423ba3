import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { FlagPath } from '#core/names.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import type { Clock, Flags, Objects } from '#core/ports.ts'
import { type DeliverPorts, deliverGroup, groupsOf, printGroup } from '#core/workloads/deliver.ts'
import { readBegun, stepName, writeBegun } from '#core/workloads/found.ts'
import { pauseAfter } from '#core/workloads/pause.ts'

/** Looks of one call; then the state machine waits. */
const LOOKS = 5
const ASK_AGAIN_SECONDS = 10
/** What a function needs after it. Milliseconds. */
const RESERVE_MS = 15_000

interface Ports extends DeliverPorts {
  readonly flags: Flags
  readonly objects: Objects
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Parameter Store may show an earlier value for a moment: of a flag that was just written that is no change by somebody else. */
const readWritten = async (parameter: FlagPath, value: string, { flags, clock, signal }: Ports) => {
  for (let look = 1; ; look++) {
    const found = await flags.read(parameter)
    if (found === null || found.value === value || look >= LOOKS) return found
    await clock.sleep(pauseAfter(look), signal)
  }
}

/**
 * Brings a flag that a step has set to the application, and looks after it until it has followed. Says nothing of a flag that is
 * polled. Throws `Flag.NotFollowed` when its time is over, and what the platform throws.
 */
export const bringFlag = async (
  run: Run,
  plan: Plan,
  { flag: name, to }: { readonly flag: string; readonly to: 'safe' | 'on' },
  ports: Ports,
): Promise<{ detail: string[]; waitSeconds: number }> => {
  const parameter = resolveFlag(plan, name, ports.environment)
  const flag = plan.flags[name]
  const written = flag && (await readWritten(parameter, flag[to], ports))
  const [group] = written && flag ? groupsOf(plan, [{ name, ...written }], ports.environment) : []
  if (!written || !flag || !group) return { detail: [], waitSeconds: 0 }
  if (written.value !== flag[to])
    throw new RollbackError('Flag.NotFollowed', `"${parameter}" is "${written.value}" again, not "${flag[to]}".`, {
      fix: 'Find out who has set it.',
      category: 'refused',
    })
  const step = stepName(run, 'set-flag', { flag: name, to })
  const begun = (await readBegun(run, step, ports.objects)) ?? (await writeBegun(run, step, '', ports))
  // A path may set a flag twice to the same value, with another one in between.
  const since = Math.max(Date.parse(begun.at), (await ports.deliverer.writtenAt(parameter))?.getTime() ?? 0)
  for (let look = 1; ; look++) {
    await requireMayChange(run, ports.objects)
    const { done, failed, detail } = await deliverGroup(plan, group, ports)
    if (done) return { detail: [detail], waitSeconds: 0 }
    if (failed || ports.clock.now().getTime() > since + flag.within)
      throw new RollbackError(
        'Flag.NotFollowed',
        `"${name}" is "${flag[to]}", and the application does not follow in ${printDuration(flag.within as Milliseconds)}: ${detail}.`,
        { fix: 'Look at the events of the platform, or restart by hand; a retry looks again.' },
      )
    if (look >= LOOKS) return { detail: [detail], waitSeconds: ASK_AGAIN_SECONDS }
    await ports.clock.sleep(pauseAfter(look), ports.signal)
  }
}

/**
 * Brings the flags that re-enabling has set on, for as long as its function may look after it; a rollout that takes longer goes on by
 * itself. Throws `Flag.NotFollowed` for what would not, and what the platform throws: the flags are switched off again then.
 */
export const bringOn = async (
  plan: Plan,
  ports: DeliverPorts & Pick<Ports, 'flags' | 'clock'> & { readonly remaining: () => number },
): Promise<string[]> => {
  const written = await Promise.all(
    Object.keys(plan.flags).map(async (name) => {
      const found = await ports.flags.read(resolveFlag(plan, name, ports.environment))
      return found ? [{ name, ...found }] : []
    }),
  )
  const bring = async (group: ReturnType<typeof groupsOf>[number]): Promise<string> => {
    for (let look = 1; ; look++) {
      const { started, done, failed, detail } = await deliverGroup(plan, group, ports)
      const over = ports.remaining() < RESERVE_MS
      if (failed || (over && !started))
        throw new RollbackError('Flag.NotFollowed', `${printGroup(group)} does not follow: ${detail}.`, {
          fix: 'Look at the events of the platform, then start the restore again.',
        })
      if (done || over) return detail
      await ports.clock.sleep(pauseAfter(look))
    }
  }
  return Promise.all(groupsOf(plan, written.flat(), ports.environment).map(bring))
}
