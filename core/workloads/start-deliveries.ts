import { messageOf } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock } from '#core/ports.ts'
import {
  type DeliverPorts,
  type DeliveryGroup,
  deliverGroup,
  groupsOf,
  printGroup,
  type WrittenFlag,
} from '#core/workloads/deliver.ts'
import { pauseAfter } from '#core/workloads/pause.ts'

/** Containment does not wait for a platform. What is not started by then goes on, or the step that follows it starts it again. */
const START_MS = 10_000

const untilStarted = async (
  plan: Plan,
  group: DeliveryGroup,
  ports: DeliverPorts & { readonly clock: Clock },
  late: AbortSignal,
): Promise<string> => {
  for (let calls = 1; ; calls++) {
    const { started, failed, detail } = await deliverGroup(plan, group, ports)
    if (started || failed || late.aborted) return detail
    await ports.clock.sleep(pauseAfter(calls), late)
  }
}

/** Never throws: the flags are what counts, and they are set. Resolves to what to say of each delivery. */
export const startDeliveries = async (
  plan: Plan,
  written: readonly WrittenFlag[],
  ports: DeliverPorts & { readonly clock: Clock },
): Promise<string[]> => {
  const groups = groupsOf(plan, written, ports.environment)
  if (groups.length === 0) return []
  const late = new AbortController()
  const tooLate = ports.clock.sleep(START_MS, late.signal).then(
    () => null,
    () => null,
  )
  const start = async (group: DeliveryGroup): Promise<string> => {
    const started = untilStarted(plan, group, ports, late.signal).catch(
      (error: unknown) => `${printGroup(group)} was not told: ${messageOf(error)}`,
    )
    const delivered = await Promise.race([started, tooLate])
    return delivered ?? `${printGroup(group)} has not answered in ${START_MS / 1000} s`
  }
  const said = await Promise.all(groups.map(start))
  // Nothing of this call goes on after it: Lambda would stop it anywhere.
  late.abort()
  return said
}
