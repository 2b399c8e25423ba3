import { ArnFormat } from 'aws-cdk-lib'
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Key } from 'aws-cdk-lib/aws-kms'
import { resolveFlag, resolveRamp } from '#core/plan/load.ts'
import type { STEPS } from '#core/steps/registry.ts'
import { type BucketAccess, isEvidence } from '#infra/bucket-access.ts'
import { type ConfigurationStep, configurationOf } from '#infra/configuration.ts'
import { configMapClusters, deliveries, type PlatformStep, platformOf } from '#infra/platform.ts'
import { executionsArn, type Setting, stateMachineArn } from '#infra/setting.ts'

/** What steps need, and what functions need that are no step. */
export type Need =
  | (typeof STEPS)[number]['needs'][number]
  | 'signer'
  | 'approvers'
  | 'alarms'
  | 'flagHistory'
  | 'metrics'

/** What one function may do, beyond what its ports say by themselves. */
export interface Rights {
  readonly needs: readonly Need[]
  readonly flags: 'read' | 'write'
  /** Which step's workloads it may change. */
  readonly platform?: PlatformStep
  /** Which step's parameters and groups it may change. */
  readonly configuration?: ConfigurationStep
  readonly executions: readonly (
    | 'StartExecution'
    | 'DescribeExecution'
    | 'GetExecutionHistory'
    | 'SendTaskSuccess'
    | 'SendTaskFailure'
  )[]
  readonly bucket: BucketAccess
}

const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement[] =>
  resources.length === 0 ? [] : [new PolicyStatement({ actions: [...actions], resources: [...resources] })]

/** The statements of a function's role. Nothing is granted on `*` but what only reads, and has no resources. */
export const statementsFor = (rights: Rights, setting: Setting): PolicyStatement[] => [
  ...(rights.needs.includes('flags') ? flags(rights, setting) : []),
  ...(rights.configuration ? configurationOf(rights.configuration, setting) : []),
  ...(rights.platform ? platformOf(rights.platform, setting) : []),
  ...(rights.needs.includes('configMaps') ? configMapClusters(setting) : []),
  ...(rights.needs.includes('deliverer') ? deliveries(setting) : []),
  ...(rights.needs.includes('objects') ? [...objects(rights, setting), ...keys(rights.bucket, setting)] : []),
  ...(rights.needs.includes('notifier') ? notifier(setting) : []),
  ...(rights.needs.includes('executions') ? executions(rights, setting) : []),
  ...(rights.needs.includes('signer') ? allow(['kms:Sign'], [setting.approvalKey.keyArn]) : []),
  ...(rights.needs.includes('alarms') ? allow(DESCRIBES_ALARMS, ['*']) : []),
  ...(rights.needs.includes('flagHistory') ? flagHistory(setting) : []),
  ...(rights.needs.includes('services') ? tokens(setting) : []),
  ...(rights.needs.includes('metricHistory') ? allow(READS_METRICS, ['*']) : []),
  ...(rights.needs.includes('database') ? database(setting) : []),
]

/**
 * "You can't return information about composite alarms if your permission has a narrower scope", says CloudWatch of both:
 * on the ARNs of the plans' alarms, a composite one would be left out without an error, and never be found in ALARM.
 */
const DESCRIBES_ALARMS = ['cloudwatch:DescribeAlarms', 'cloudwatch:DescribeAlarmHistory']

/** CloudWatch has no resources for what it measures. */
const READS_METRICS = ['cloudwatch:GetMetricData']

const parameterArns = ({ stack, environment, plans }: Setting): string[] => {
  const parameters = plans.flatMap((plan) =>
    Object.keys(plan.flags).flatMap((flag) => {
      const ramp = resolveRamp(plan, flag, environment.name)
      return [resolveFlag(plan, flag, environment.name), ...(ramp === null ? [] : [ramp])]
    }),
  )
  return [...new Set(parameters)].map((path) =>
    stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: path.slice(1) }),
  )
}

/** The topics, and the keys that webhooks are signed with. Their encryption is that of `alias/aws/ssm`, which asks for no more. */
const notifier = ({ stack, environment, plans, topic, chatTopic }: Setting): PolicyStatement[] => {
  const secrets = plans.flatMap(({ webhooks }) =>
    webhooks.map(({ secret }) => secret.replaceAll('{env}', environment.name)),
  )
  const arnOf = (path: string) =>
    stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: path.slice(1) })
  return [
    ...allow(['sns:Publish'], [topic.topicArn, chatTopic.topicArn]),
    ...allow(['ssm:GetParameter'], [...new Set(secrets)].map(arnOf)),
  ]
}

/** The tokens that services ask for. Their encryption is that of `alias/aws/ssm`, as of the keys of webhooks. */
const tokens = ({ stack, environment, plans }: Setting): PolicyStatement[] => {
  const names = plans.flatMap(({ services }) => Object.values(services).flatMap(({ token }) => token?.secret ?? []))
  const arns = [...new Set(names)].map((name) => {
    const resourceName = name.replaceAll('{env}', environment.name).slice(1)
    return stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName })
  })
  return allow(['ssm:GetParameter'], arns)
}

const flagHistory = (setting: Setting): PolicyStatement[] => allow(['ssm:GetParameterHistory'], parameterArns(setting))

/** Exactly the parameters of the plans. Whoever writes one reads it first. */
const flags = (rights: Rights, setting: Setting): PolicyStatement[] =>
  allow(
    rights.flags === 'write' ? ['ssm:GetParameter', 'ssm:PutParameter'] : ['ssm:GetParameter'],
    parameterArns(setting),
  )

/** By way of the bucket alone: nobody decrypts anything else with it. */
export const keyOfBucket = (actions: string[], key: Key, { stack }: Pick<Setting, 'stack'>): PolicyStatement =>
  new PolicyStatement({
    actions,
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `s3.${stack.region}.amazonaws.com` } },
  })

/** Whoever writes needs both: the pieces of an upload are decrypted where they are put together. */
const keys = ({ reads, writes }: BucketAccess, setting: Setting): PolicyStatement[] => {
  const of = (key: Key, which: (pattern: string) => boolean) => {
    if (writes.some(which)) return [keyOfBucket(['kms:Decrypt', 'kms:GenerateDataKey'], key, setting)]
    return reads.some(which) ? [keyOfBucket(['kms:Decrypt'], key, setting)] : []
  }
  return [...of(setting.dataKey, (pattern) => !isEvidence(pattern)), ...of(setting.evidenceKey, isEvidence)]
}

const objects = ({ bucket: { reads, writes } }: Rights, { bucket }: Setting): PolicyStatement[] => {
  const keys = (patterns: readonly string[]) => patterns.map((pattern) => bucket.arnForObjects(pattern))
  return [
    // Without a condition on the prefix: only so does S3 answer "no such key" to a read, and not "access denied".
    ...allow(['s3:ListBucket'], [bucket.bucketArn]),
    ...allow(['s3:GetObject'], keys([...new Set([...reads, ...writes])])),
    ...allow(['s3:PutObject', 's3:AbortMultipartUpload'], keys(writes)),
  ]
}

/** Tasks are answered by the state machine that they are tasks of, not by their execution. */
const OF_THE_MACHINE: readonly Rights['executions'][number][] = ['StartExecution', 'SendTaskSuccess', 'SendTaskFailure']

const executions = (rights: Rights, setting: Setting): PolicyStatement[] =>
  rights.executions.flatMap((action) =>
    allow([`states:${action}`], [OF_THE_MACHINE.includes(action) ? stateMachineArn(setting) : executionsArn(setting)]),
  )

/** Signs in with a token of the role. */
const database = ({ stack, environment }: Setting): PolicyStatement[] => {
  if (environment.database === undefined) return []
  const { url, resourceId } = environment.database
  const user = decodeURIComponent(new URL(url).username)
  const arn = stack.formatArn({
    service: 'rds-db',
    resource: 'dbuser',
    resourceName: `${resourceId}/${user}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  return allow(['rds-db:connect'], [arn])
}

/**
 * Network interfaces, which the service makes for a function that stands in a VPC. The code of the function may not: it would
 * have the same rights. Only looking at them has no resources.
 */
export const interfacesFor = (functionName: string, { stack, environment }: Setting): PolicyStatement[] => {
  const network = environment.database?.network
  if (network === undefined) return []
  const arnOf = (resource: string, resourceName: string) => stack.formatArn({ service: 'ec2', resource, resourceName })
  const code = stack.formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  const looks = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets']
  const addresses = ['ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses']
  return [
    ...allow(
      ['ec2:CreateNetworkInterface'],
      [
        arnOf('network-interface', '*'),
        arnOf('security-group', '*'),
        ...Object.values(network.subnets).map((subnet) => arnOf('subnet', subnet)),
      ],
    ),
    ...allow(addresses, [arnOf('network-interface', '*')]),
    // "Include all resource IDs", says Lambda of this one: with network-interface/* a function may not get into the VPC.
    ...allow(['ec2:DeleteNetworkInterface'], [arnOf('*', '*')]),
    ...allow(looks, ['*']),
    new PolicyStatement({
      sid: 'NotByItsCode',
      effect: Effect.DENY,
      actions: ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', ...addresses, ...looks],
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': code } },
    }),
  ]
}
