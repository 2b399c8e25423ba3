import { messageOf } from '#core/errors.ts'
import { containingFlags } from '#core/plan/containing.ts'
import { deliveryOf } from '#core/plan/deliveries.ts'
import { printDuration } from '#core/plan/duration.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import type { Clock, Flags } from '#core/ports.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { type CheckResult, DELIVERY_OF } from '#core/verify/verification.ts'
import {
  type DeliverPorts,
  type DeliveryGroup,
  deliverGroup,
  groupsOf,
  printGroup,
  type WrittenFlag,
} from '#core/workloads/deliver.ts'
import { pauseAfter } from '#core/workloads/pause.ts'

/** What the function needs to write down what it saw. Milliseconds. */
const RESERVE_MS = 10_000

export interface FollowPorts extends DeliverPorts {
  readonly flags: Flags
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Milliseconds that may be spent. */
  readonly remaining: () => number
}

/** The flags that are brought and have their safe value; of the others what to say. */
const readFlags = async (plan: Plan, { flags, environment }: FollowPorts) => {
  const safe: WrittenFlag[] = []
  const others = new Map<string, Verdict>()
  for (const [name, flag] of containingFlags(plan)) {
    if (deliveryOf(flag) === null) continue
    try {
      const found = await flags.read(resolveFlag(plan, name, environment))
      if (found?.value === flag.safe) safe.push({ name, ...found })
      else others.set(name, { status: 'fail', detail: `the parameter is ${found ? `"${found.value}"` : 'not there'}` })
    } catch (error) {
      others.set(name, { status: 'unknown', detail: messageOf(error) })
    }
  }
  return { safe, others }
}

const lookOnce = async (plan: Plan, group: DeliveryGroup, ports: FollowPorts): Promise<Verdict & { open: boolean }> => {
  try {
    const { done, failed, detail } = await deliverGroup(plan, group, ports)
    return { status: done ? 'pass' : 'fail', detail, open: !done && !failed }
  } catch (error) {
    // A webhook that did not say yes has not followed; of a platform that does not answer nothing is known.
    const status = group.to === 'webhook' ? 'fail' : 'unknown'
    return { status, detail: `${printGroup(group)}: ${messageOf(error)}`, open: true }
  }
}

/**
 * Whether everybody that the flags are brought to has followed, for as long as the plan gives them; whatever was not started is started.
 * Names who has not. Never throws for a platform that cannot be asked: that is `unknown`, which stops no rollback and is not success.
 */
export const followDeliveries = async (plan: Plan, since: number, ports: FollowPorts): Promise<CheckResult[]> => {
  const { clock, signal, remaining } = ports
  const { safe, others: verdicts } = await readFlags(plan, ports)
  let open = groupsOf(plan, safe, ports.environment)
  const inTime = ({ flags }: DeliveryGroup): boolean =>
    flags.some(({ name }) => clock.now().getTime() < since + (plan.flags[name]?.within ?? 0))
  for (let looks = 0; open.length > 0; looks++) {
    if (looks > 0) await clock.sleep(pauseAfter(looks), signal)
    const seen = await Promise.all(open.map(async (group) => ({ group, ...(await lookOnce(plan, group, ports)) })))
    for (const { group, status, detail } of seen)
      for (const { name } of group.flags) verdicts.set(name, { status, detail })
    open = seen.flatMap((one) => (one.open && inTime(one.group) ? [one.group] : []))
    if (remaining() <= RESERVE_MS) break
  }
  return [...verdicts].map(([name, verdict]) => {
    const flag = plan.flags[name]
    return {
      name: `${DELIVERY_OF}${name}`,
      describe: `"${flag?.safe}" has reached the application by ${flag?.delivery}, ${printDuration(flag?.within ?? (0 as never))} after the flag was set.`,
      ...verdict,
    }
  })
}
