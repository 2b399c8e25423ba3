import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import type { PlanStep } from './steps.ts'

type ConfigStep = Extract<PlanStep, { kind: 'restore-config' | 'throttle' }>

const namesOf = ({ kind, input }: ConfigStep): [PropertyKey[], string][] =>
  kind === 'restore-config'
    ? (input.parameters ?? []).map((name, index) => [['parameters', index], name])
    : [
        ...Object.keys(input.set ?? {}).map((name): [PropertyKey[], string] => [['set', name], name]),
        ...(input.back ?? []).map((name, index): [PropertyKey[], string] => [['back', index], name]),
      ]

/** A flag is containment's: a step that takes it for configuration could switch the feature on in the middle of an incident. */
export const configuredFlags = (plan: PlanFile, step: ConfigStep, path: readonly PropertyKey[]): Broken[] => {
  const flags = new Map(
    Object.entries(plan.flags).flatMap(([flag, { parameter, ramp }]) =>
      [parameter, ...(ramp === undefined ? [] : [ramp])].map((name) => [name, flag]),
    ),
  )
  return namesOf(step).flatMap(([place, name]): Broken[] => {
    const flag = flags.get(name)
    return flag === undefined
      ? []
      : [
          {
            path: [...path, ...place],
            message: `"${name}" is the flag "${flag}" of this plan.`,
            fix: 'Leave it out: containment sets it, and a set-flag step or re-enabling sets it on.',
          },
        ]
  })
}
