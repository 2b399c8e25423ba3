import type { PlanStep } from '#core/plan/steps.ts'
import { printConfigMap } from '#core/plan/workloads.ts'
import { action } from './action.ts'
import type { PreviewLine } from './model.ts'

/** Steps that change configuration outside the database. */
type ConfigStep = Extract<
  PlanStep,
  { kind: 'restore-config' | 'throttle' | 'parameter-group' | 'capacity' | 'rds-snapshot' | 'run-command' | 'webhook' }
>

export const CONFIG_TITLES: Readonly<Record<ConfigStep['kind'], string>> = {
  'restore-config': 'Put configuration back to its recorded values',
  throttle: 'Throttle',
  'parameter-group': 'Put database parameters back to their recorded values',
  capacity: 'Change the capacity of the cluster',
  'rds-snapshot': 'Take a snapshot by RDS',
  'run-command': 'Run a command on instances',
  webhook: 'Call a webhook',
}

/** What such a step would do, as far as the plan alone can tell. */
export const configLines = ({ kind, input }: ConfigStep): PreviewLine[] => {
  switch (kind) {
    case 'restore-config':
      if (input.configmap)
        return [action(`put ${printConfigMap(input.configmap)} back to the newest record of the good state`)]
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
    case 'parameter-group':
      return [
        action(
          `put ${input.parameters.join(', ')} of parameter group ${input.group} back to the newest record of the good state; a reboot that this needs is asked of people`,
        ),
      ]
    case 'capacity':
      return [
        action(
          input.cluster === undefined
            ? `set the capacity of ${input.back} back to what it was before`
            : `give ${input.cluster} from ${input.min} to ${input.max} ACU at least, and keep its range`,
        ),
      ]
    case 'rds-snapshot':
      return [action(`let RDS take a snapshot of ${input.cluster ?? input.instance}, and wait until it is there`)]
    case 'run-command':
      return [
        action(
          `run ${input.document} on ${Object.entries(input.targets)
            .map(([key, values]) => `${key} ${values.join(', ')}`)
            .join(' and ')}: ${JSON.stringify(input.parameters)}`,
        ),
      ]
    case 'webhook':
      return [action(`call ${input.webhook}, signed: ${input.say}`)]
  }
}
