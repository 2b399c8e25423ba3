import { ArnFormat } from 'aws-cdk-lib'
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { stepsOfKind } from '#core/plan/every-step.ts'
import { inEnvironment } from '#core/plan/parameter-name.ts'
import {
  flagParameters,
  restoredParameters,
  snapshotSources,
  throttledParameters,
  touchedCapacities,
  touchedGroups,
} from '#core/plan/touched.ts'
import type { Setting } from '#infra/setting.ts'

/** Steps that change configuration outside the database, each by a function of its own. */
const STEPS = ['restore-config', 'throttle', 'parameter-group', 'capacity', 'rds-snapshot', 'run-command'] as const
export type ConfigurationStep = (typeof STEPS)[number]

export const isConfigurationStep = (kind: string): kind is ConfigurationStep =>
  (STEPS as readonly string[]).includes(kind)

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

/** ARNs of RDS have a colon before the name. */
const rdsArns = ({ stack }: Setting, resource: string, names: readonly string[]): string[] =>
  [...new Set(names)].map((resourceName) =>
    stack.formatArn({ service: 'rds', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
  )

const parameterGroup = (setting: Setting): PolicyStatement[] => {
  const groups = setting.plans.flatMap((plan) => touchedGroups(plan, setting.environment.name))
  const named = (kind: 'instance' | 'cluster') => groups.flatMap(({ of, group }) => (of === kind ? [group] : []))
  const [instances, clusters] = [named('instance'), named('cluster')]
  return [
    ...statement(
      ['rds:DescribeDBParameters', 'rds:ModifyDBParameterGroup', 'rds:ResetDBParameterGroup'],
      rdsArns(setting, 'pg', instances),
    ),
    ...statement(
      ['rds:DescribeDBClusterParameters', 'rds:ModifyDBClusterParameterGroup', 'rds:ResetDBClusterParameterGroup'],
      rdsArns(setting, 'cluster-pg', clusters),
    ),
    // Who uses a group is asked of all of them: RDS has no other way.
    ...statement(['rds:DescribeDBInstances'], instances.length > 0 ? rdsArns(setting, 'db', ['*']) : []),
    ...statement(['rds:DescribeDBClusters'], clusters.length > 0 ? rdsArns(setting, 'cluster', ['*']) : []),
  ]
}

const capacity = (setting: Setting): PolicyStatement[] => {
  const clusters = setting.plans.flatMap((plan) => touchedCapacities(plan, setting.environment.name))
  return statement(['rds:DescribeDBClusters', 'rds:ModifyDBCluster'], rdsArns(setting, 'cluster', clusters))
}

const rdsSnapshot = (setting: Setting): PolicyStatement[] => {
  const sources = setting.plans.flatMap((plan) => snapshotSources(plan, setting.environment.name))
  return (['instance', 'cluster'] as const).flatMap((kind) => {
    const names = sources.flatMap(({ of, name }) => (of === kind ? [name] : []))
    if (names.length === 0) return []
    const [action, source, snapshot] =
      kind === 'cluster' ? ['DBCluster', 'cluster', 'cluster-snapshot'] : ['DB', 'db', 'snapshot']
    const ours = rdsArns(setting, snapshot, ['vector-rollback-*'])
    return [
      ...statement(
        [`rds:Create${action}Snapshot`, `rds:Describe${action}Snapshots`],
        [...rdsArns(setting, source, names), ...ours],
      ),
      ...statement(['rds:AddTagsToResource'], ours),
    ]
  })
}

/** A document of AWS belongs to no account. */
const documentArn = ({ stack }: Setting, name: string): string =>
  stack.formatArn({
    service: 'ssm',
    resource: 'document',
    resourceName: name,
    ...(name.startsWith('AWS-') ? { account: '' } : {}),
  })

/** Each document, on the instances that its steps target: by id, or while they carry the tag. */
const runCommand = (setting: Setting): PolicyStatement[] => {
  const { stack, environment, plans } = setting
  const steps = plans.flatMap((plan) => stepsOfKind(plan, 'run-command'))
  if (steps.length === 0) return []
  const instance = (id: string) => stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: id })
  const filled = (values: readonly string[]) => values.map((value) => inEnvironment(value, environment.name))
  const targets = steps.flatMap(({ targets }) => Object.entries(targets))
  return [
    ...statement(['ssm:SendCommand'], [...new Set(steps.map(({ document }) => documentArn(setting, document)))]),
    ...targets.flatMap(([key, values]) =>
      key === 'InstanceIds'
        ? statement(['ssm:SendCommand'], filled(values).map(instance))
        : [
            new PolicyStatement({
              actions: ['ssm:SendCommand'],
              resources: [instance('*')],
              conditions: { StringLike: { [`ssm:resourceTag/${key.slice('tag:'.length)}`]: filled(values) } },
            }),
          ],
    ),
    // Commands have no ARN: IAM is asked about all that Systems Manager has in the account.
    ...statement(
      ['ssm:ListCommands', 'ssm:ListCommandInvocations'],
      [stack.formatArn({ service: 'ssm', resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME })],
    ),
  ]
}

/** Exactly what the plans' steps name, for the function of that kind of step. */
export const configurationOf = (kind: ConfigurationStep, setting: Setting): PolicyStatement[] => {
  const statementsOf = {
    'restore-config': restore,
    throttle,
    'parameter-group': parameterGroup,
    capacity,
    'rds-snapshot': rdsSnapshot,
    'run-command': runCommand,
  } as const satisfies Record<ConfigurationStep, (setting: Setting) => PolicyStatement[]>
  return statementsOf[kind](setting)
}
