import { canonicalJson } from '#core/json.ts'
import { deliveryOf } from './deliveries.ts'
import { everyStep } from './every-step.ts'
import { suggestion } from './nearest.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { printWorkload } from './workloads.ts'

/** Flags that are brought by webhooks that there are not. */
const brokenDeliveries = (plan: PlanFile): Broken[] => {
  const known = plan.webhooks.map(({ name }) => name)
  return Object.entries(plan.flags).flatMap(([name, flag]): Broken[] => {
    const delivery = deliveryOf(flag)
    return delivery?.kind !== 'webhook' || known.includes(delivery.webhook)
      ? []
      : [
          {
            path: ['flags', name, 'deliver', 'webhook'],
            message: `"${delivery.webhook}" is not a webhook of this plan.`,
            fix: known.length > 0 ? suggestion(delivery.webhook, known) : 'Add it to webhooks.',
          },
        ]
  })
}

const brokenCompatibility = ({ compatibility }: PlanFile): Broken[] => {
  const known = Object.keys(compatibility?.components ?? {})
  return (compatibility?.fits ?? []).flatMap(({ versions }, row) =>
    Object.keys(versions)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: ['compatibility', 'fits', row, 'versions', name],
        message: `"${name}" is not a component.`,
        fix: suggestion(name, known),
      })),
  )
}

/**
 * Versions of Lambda keep their environment for good, and instances of an earlier one may still be warm from before the flag was
 * set: going back there would take a containment away.
 */
const uncontaining = (plan: PlanFile): Broken[] =>
  Object.entries(plan.flags).flatMap(([name, flag]): Broken[] => {
    const delivery = deliveryOf(flag)
    if (delivery?.kind !== 'restart' || delivery.workload.platform !== 'lambda') return []
    const target = canonicalJson(delivery.workload)
    return everyStep(plan).some(
      (step) => step.kind === 'previous-version' && canonicalJson(step.input.workload) === target,
    )
      ? [
          {
            path: ['flags', name, 'delivery'],
            message: `A step brings ${printWorkload(delivery.workload)} back to a version that does not know what flag "${name}" is set to.`,
            fix: 'Let the function poll the parameter, and write delivery: poll; or leave previous-version out.',
          },
        ]
      : []
  })

/** What deliveries, versions and platforms name and nothing answers to. */
export const brokenPlatform = (plan: PlanFile): Broken[] => [
  ...brokenDeliveries(plan),
  ...brokenCompatibility(plan),
  ...uncontaining(plan),
]
