import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { flagParameters, restoredParameters, throttledParameters } from '#core/plan/touched.ts'
import type { Setting } from '#infra/setting.ts'

/** Steps that change configuration outside the database, each by a function of its own. */
export type ConfigurationStep = 'restore-config' | 'throttle'

const READS = ['ssm:GetParameter', 'ssm:GetParameters']

const statement = (
  actions: readonly string[],
  resources: readonly string[],
  effect = Effect.ALLOW,
): PolicyStatement[] =>
  resources.length === 0 ? [] : [new PolicyStatement({ effect, actions: [...actions], resources: [...resources] })]

const arnsOf = ({ stack }: Setting, names: readonly string[]): string[] =>
  [...new Set(names)].map((name) =>
    stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, '') }),
  )

/** A flag may lie in a folder that is put back: no function but those of containment and re-enabling may write it. */
const notTheFlags = (setting: Setting): PolicyStatement[] => {
  const flags = setting.plans.flatMap((plan) => flagParameters(plan, setting.environment.name))
  return statement(['ssm:PutParameter'], arnsOf(setting, flags), Effect.DENY)
}

const restore = (setting: Setting): PolicyStatement[] => {
  const touched = setting.plans.map((plan) => restoredParameters(plan, setting.environment.name))
  const folders = touched.flatMap(({ folders }) => folders)
  const names = [...touched.flatMap(({ names }) => names), ...folders.map((folder) => `${folder}*`)]
  if (names.length === 0) return []
  return [
    ...statement([...READS, 'ssm:GetParameterHistory', 'ssm:PutParameter'], arnsOf(setting, names)),
    // Of a folder: IAM is asked about the folder itself, with or without its last slash.
    ...statement(
      ['ssm:GetParametersByPath'],
      arnsOf(
        setting,
        folders.flatMap((folder) => [folder.slice(0, -1), `${folder}*`]),
      ),
    ),
    ...notTheFlags(setting),
  ]
}

const throttle = (setting: Setting): PolicyStatement[] => {
  const names = setting.plans.flatMap((plan) => throttledParameters(plan, setting.environment.name))
  return names.length === 0
    ? []
    : [...statement([...READS, 'ssm:PutParameter'], arnsOf(setting, names)), ...notTheFlags(setting)]
}

/** Exactly what the plans' steps name, for the function of that kind of step. */
export const configurationOf = (kind: ConfigurationStep, setting: Setting): PolicyStatement[] =>
  kind === 'restore-config' ? restore(setting) : throttle(setting)
