import type { PlanStep } from '#core/plan/steps.ts'
import type { PreviewLine } from './model.ts'

/** Steps that change configuration outside the database. */
type ConfigStep = Extract<PlanStep, { kind: 'restore-config' | 'throttle' }>

export const CONFIG_TITLES: Readonly<Record<ConfigStep['kind'], string>> = {
  'restore-config': 'Put configuration back to its recorded values',
  throttle: 'Throttle',
}

const action = (text: string): PreviewLine => ({ kind: 'action', text })

/** What such a step would do, as far as the plan alone can tell. */
export const configLines = ({ kind, input }: ConfigStep): PreviewLine[] => {
  switch (kind) {
    case 'restore-config':
      return [
        action(
          `put ${input.path === undefined ? (input.parameters ?? []).join(', ') : `all parameters below ${input.path}`} back to the newest record of the good state; delete none, and no flag`,
        ),
      ]
    case 'throttle':
      return [
        ...Object.entries(input.set ?? {}).map(([name, value]) =>
          action(`set ${name} to "${value}", and keep what was there`),
        ),
        ...(input.back ?? []).map((name) => action(`set ${name} back to what was there before the throttle`)),
      ]
  }
}
