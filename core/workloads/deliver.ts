import { canonicalJson, digestOf } from '#core/json.ts'
import { OWN_MACHINE } from '#core/notice/announce.ts'
import { deliveryOf } from '#core/plan/deliveries.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import type { Webhook } from '#core/plan/webhooks.ts'
import { placeWorkload, printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Deliverer, WorkloadState } from '#core/ports-platform.ts'
import { printRollout } from '#core/workloads/roll.ts'

/** A flag as it stands in the parameter store. */
export interface WrittenFlag {
  readonly name: string
  readonly value: string
  readonly version: number
}

/** Everything that one restart, or one call, brings: a restart for each flag of a service would be one after the other. */
export type DeliveryGroup = { readonly flags: readonly WrittenFlag[] } & (
  | { readonly to: 'workload'; readonly workload: Workload; readonly variables: Readonly<Record<string, string>> }
  | { readonly to: 'webhook'; readonly webhook: Webhook }
)

export interface DeliverPorts {
  readonly deliverer: Deliverer
  /** A drill: nobody outside is called. */
  readonly drill?: boolean
  readonly environment: string
}

/** Whether anything of the plan is brought, and not polled. */
export const delivers = (plan: Pick<Plan, 'flags'>): boolean =>
  Object.values(plan.flags).some((flag) => deliveryOf(flag) !== null)

export const groupsOf = (plan: Plan, written: readonly WrittenFlag[], environment: string): DeliveryGroup[] => {
  const groups = new Map<string, DeliveryGroup>()
  for (const one of written) {
    const flag = plan.flags[one.name]
    const delivery = flag && deliveryOf(flag)
    if (!delivery) continue
    if (delivery.kind === 'webhook') {
      const webhook = plan.webhooks.find(({ name }) => name === delivery.webhook)
      if (webhook) groups.set(`webhook ${one.name}`, { to: 'webhook', webhook, flags: [one] })
      continue
    }
    const workload = placeWorkload(delivery.workload, environment)
    const key = canonicalJson(workload)
    const group = groups.get(key)
    const before = group?.to === 'workload' ? group.variables : {}
    const variables = delivery.variable === null ? before : { ...before, [delivery.variable]: one.value }
    groups.set(key, { to: 'workload', workload, variables, flags: [...(group?.flags ?? []), one] })
  }
  return [...groups.values()]
}

export const printGroup = (group: DeliveryGroup): string =>
  group.to === 'workload' ? printWorkload(group.workload) : `webhook "${group.webhook.name}"`

/** At most 63 characters, since annotations have no more. */
const markOf = (name: string): string => `FLAG_${name.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase()}`.slice(0, 63)

/** The post that tells a value: the same each time that the same version is told. */
const call = (plan: Plan, webhook: Webhook, { name, value, version }: WrittenFlag, environment: string) => {
  const parameter = resolveFlag(plan, name, environment)
  const told = { event: 'flag', plan: plan.name, environment, flag: name, parameter, value, version }
  return {
    url: webhook.url.replaceAll('{env}', environment),
    secret: webhook.secret.replaceAll('{env}', environment),
    idempotencyKey: digestOf(told),
    body: JSON.stringify(told),
    reach: environment === OWN_MACHINE ? ('loopback' as const) : ('internet' as const),
  }
}

/**
 * Whether what runs was started with these values: by the marks that the restart left, of these versions or later ones; on ECS, which
 * keeps none, by a rollout that began after the parameter was written.
 */
const hasBegun = async (
  plan: Plan,
  group: DeliveryGroup & { to: 'workload' },
  { marks, rollout }: WorkloadState,
  { deliverer, environment }: DeliverPorts,
): Promise<boolean> => {
  if (group.workload.platform !== 'ecs')
    return group.flags.every(({ name, version }) => Number(marks[markOf(name)] ?? 0) >= version)
  if (rollout.began === null) return false
  const began = Date.parse(rollout.began)
  for (const { name } of group.flags) {
    const at = await deliverer.writtenAt(resolveFlag(plan, name, environment))
    if (at === null || began <= at.getTime()) return false
  }
  return true
}

export interface Delivered {
  /** It goes on by itself from here. */
  readonly started: boolean
  /** Everybody that is delivered to has the value. */
  readonly done: boolean
  /** It will not come about by waiting. */
  readonly failed: boolean
  readonly detail: string
}

/**
 * Starts the delivery if it has not begun, and says how far it is. Called again it goes on. Throws what the platform throws, and
 * `Webhook.*`.
 */
export const deliverGroup = async (plan: Plan, group: DeliveryGroup, ports: DeliverPorts): Promise<Delivered> => {
  const { deliverer, environment } = ports
  if (group.to === 'webhook') {
    if (ports.drill)
      return { started: true, done: true, failed: false, detail: `${printGroup(group)} is not called in a drill` }
    for (const flag of group.flags) await deliverer.post(call(plan, group.webhook, flag, environment))
    return { started: true, done: true, failed: false, detail: `${printGroup(group)} has confirmed it` }
  }
  const { workload, variables, flags } = group
  const state = await deliverer.workloads.look(workload)
  if (!(await hasBegun(plan, group, state, ports))) {
    const marks = Object.fromEntries(flags.map(({ name, version }) => [markOf(name), String(version)]))
    await deliverer.workloads.restart(workload, { marks, variables })
    // A version of Lambda is published, and the alias moved, once its configuration has been taken.
    const started = workload.platform !== 'lambda'
    return { started, done: false, failed: false, detail: `${printGroup(group)} is being restarted` }
  }
  const { rollout } = state
  if (rollout.done)
    return { started: true, done: true, failed: false, detail: `${printGroup(group)} has followed: ${rollout.detail}` }
  const why = rollout.stuck === null ? '' : ` (${rollout.stuck})`
  return {
    started: true,
    done: false,
    failed: rollout.stuck !== null,
    detail: `${printGroup(group)} has not followed${why}: ${printRollout(state)}`,
  }
}
