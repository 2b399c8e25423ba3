import { printDuration } from './duration.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { unknown } from './unknown-name.ts'

/** Checks that a tier of the watch names. */
export const brokenWatch = (plan: PlanFile): Broken[] =>
  (plan.watch?.tiers ?? []).flatMap(({ checks }, tier) =>
    (checks ?? []).flatMap((check, index) =>
      unknown('a check', check, Object.keys(plan.checks), ['watch', 'tiers', tier, 'checks', index]),
    ),
  )

/** Parameters of percentages, and the way by which they come back. */
export const brokenRamps = (plan: PlanFile): Broken[] => {
  const ramp = plan.paths.restore?.reEnable.ramp
  const parameters = Object.values(plan.flags).flatMap(({ parameter, ramp: own }) =>
    own ? [parameter, own] : [parameter],
  )
  return Object.entries(plan.flags).flatMap(([name, flag]): Broken[] => {
    if (flag.ramp === undefined)
      return ramp === undefined
        ? []
        : [
            {
              path: ['paths', 'restore', 're-enable', 'ramp'],
              message: `Flag "${name}" has no parameter for a percentage, so that its first step would be all.`,
              fix: `Add ramp to flags.${name}, such as ${flag.parameter}_RAMP.`,
            },
          ]
    const path = ['flags', name, 'ramp']
    return [
      ...(parameters.filter((other) => other === flag.ramp).length > 1
        ? [
            {
              path,
              message: `"${flag.ramp}" is used twice.`,
              fix: 'Give each flag, and each ramp, a parameter of its own.',
            },
          ]
        : []),
      ...(flag.delivery === 'poll'
        ? []
        : [
            {
              path,
              message: `An application that learns of changes by "${flag.delivery}" would not follow a ramp.`,
              fix: 'Have it poll (docs/evaluator.md), or remove ramp.',
            },
          ]),
      ...(ramp !== undefined && ramp.hold <= flag.within
        ? [
            {
              path: ['paths', 'restore', 're-enable', 'ramp', 'hold'],
              message: `"${printDuration(ramp.hold)}" is over before the application follows flag "${name}" (${printDuration(flag.within)}).`,
              fix: 'Hold each step for longer.',
            },
          ]
        : []),
    ]
  })
}
