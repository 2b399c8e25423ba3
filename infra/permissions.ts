import { ArnFormat } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { resolveFlag, resolveRamp } from '#core/plan/load.ts'
import type { STEPS } from '#core/steps/registry.ts'
import type { BucketAccess } from '#infra/bucket-access.ts'
import { type ConfigurationStep, configurationOf } from '#infra/configuration.ts'
import { configMapClusters, deliveries, type PlatformStep, platformOf } from '#infra/platform.ts'
import { executionsArn, type Setting, stateMachineArn } from '#infra/setting.ts'

/** What steps need, and what functions need that are no step. */
export type Need = (typeof STEPS)[number]['needs'][number] | 'signer' | 'approvers' | 'alarms' | 'flagHistory'

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
  ...(rights.needs.includes('objects') ? objects(rights, setting) : []),
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

/**
 * Signs in with a token of the role. The network is not part of this stack yet: the functions that need the database will
 * stand in its VPC, with a way to Postgres and the gateway endpoint of S3 and to nothing else.
 */
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
