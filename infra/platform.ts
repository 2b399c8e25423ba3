import { ArnFormat } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { deliveryOf } from '#core/plan/deliveries.ts'
import { stepsOfKind } from '#core/plan/every-step.ts'
import { type ConfigMapPlace, placeConfigMap, placeWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Setting } from '#infra/setting.ts'

/** Steps that change what runs on a platform, each by a function of its own. */
export type PlatformStep = 'previous-version' | 'restart' | 'scale'

const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement[] =>
  resources.length === 0 ? [] : [new PolicyStatement({ actions: [...actions], resources: [...new Set(resources)] })]

const arnOfService = ({ stack }: Setting, { cluster, service }: Workload & { platform: 'ecs' }): string =>
  stack.formatArn({ service: 'ecs', resource: 'service', resourceName: `${cluster}/${service}` })

const arnOfFunction = ({ stack }: Setting, name: string): string =>
  stack.formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: name,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })

const arnOfCluster = ({ stack }: Setting, cluster: string): string =>
  stack.formatArn({ service: 'eks', resource: 'cluster', resourceName: cluster })

interface Doing {
  readonly ecs: readonly string[]
  readonly lambda: readonly string[]
}
const LOOKS: Doing = { ecs: ['ecs:DescribeServices'], lambda: ['lambda:GetAlias', 'lambda:GetFunctionConfiguration'] }
const RESTARTS: Doing = {
  ecs: [...LOOKS.ecs, 'ecs:UpdateService'],
  lambda: [...LOOKS.lambda, 'lambda:UpdateFunctionConfiguration', 'lambda:PublishVersion', 'lambda:UpdateAlias'],
}
const DEPLOYS: Doing = { ecs: RESTARTS.ecs, lambda: [...LOOKS.lambda, 'lambda:UpdateAlias'] }

/** What may be done inside a cluster its own access entry says; here it can only be found. */
const onClusters = (setting: Setting, clusters: readonly string[]): PolicyStatement[] =>
  allow(
    ['eks:DescribeCluster'],
    clusters.map((cluster) => arnOfCluster(setting, cluster)),
  )

const on = (workloads: readonly Workload[], doing: Doing, setting: Setting): PolicyStatement[] => [
  ...allow(
    doing.ecs,
    workloads.flatMap((one) => (one.platform === 'ecs' ? [arnOfService(setting, one)] : [])),
  ),
  ...allow(
    doing.lambda,
    workloads.flatMap((one) =>
      // Versions are resources of their own.
      one.platform === 'lambda'
        ? [arnOfFunction(setting, one.function), arnOfFunction(setting, `${one.function}:*`)]
        : [],
    ),
  ),
  ...onClusters(
    setting,
    workloads.flatMap((one) => (one.platform === 'eks' ? [one.cluster] : [])),
  ),
]

/** Task definitions are no resources of IAM for reading: without them, nobody could tell whether one is there. */
const taskDefinitions = (workloads: readonly Workload[]): PolicyStatement[] =>
  workloads.some(({ platform }) => platform === 'ecs') ? allow(['ecs:DescribeTaskDefinition'], ['*']) : []

const placed = ({ plans, environment }: Setting, kind: PlatformStep): Workload[] =>
  plans.flatMap((plan) => stepsOfKind(plan, kind).map(({ workload }) => placeWorkload(workload, environment.name)))

const parameters = ({ stack }: Setting, names: readonly string[]): PolicyStatement[] =>
  allow(
    ['ssm:GetParameter'],
    names.map((name) => stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.slice(1) })),
  )

/** What a matrix of compatibility looks at. */
const compatibility = (setting: Setting): PolicyStatement[] => {
  const components = setting.plans.flatMap((plan) => Object.values(plan.compatibility?.components ?? {}))
  const workloads = components.flatMap((one) =>
    one.from === 'workload' ? [placeWorkload(one.workload, setting.environment.name)] : [],
  )
  const names = components.flatMap((one) =>
    one.from === 'parameter' ? [one.parameter.replaceAll('{env}', setting.environment.name)] : [],
  )
  return [...on(workloads, LOOKS, setting), ...taskDefinitions(workloads), ...parameters(setting, names)]
}

/** Exactly the workloads that the plans' steps name, for the function of that kind of step. */
export const platformOf = (kind: PlatformStep, setting: Setting): PolicyStatement[] => {
  const workloads = placed(setting, kind)
  if (kind === 'restart') return on(workloads, RESTARTS, setting)
  if (kind === 'scale') return on(workloads, DEPLOYS, setting)
  if (workloads.length === 0) return []
  return [...on(workloads, DEPLOYS, setting), ...taskDefinitions(workloads), ...compatibility(setting)]
}

/** The clusters of the ConfigMaps that are put back. */
export const configMapClusters = (setting: Setting): PolicyStatement[] => {
  const places = setting.plans.flatMap((plan) =>
    stepsOfKind(plan, 'restore-config').flatMap(({ configmap }): ConfigMapPlace[] =>
      configmap === undefined ? [] : [placeConfigMap(configmap, setting.environment.name)],
    ),
  )
  return onClusters(
    setting,
    places.map(({ cluster }) => cluster),
  )
}

/** What brings the flags of the plans to their applications: restarts, and the keys that webhooks are signed with. */
export const deliveries = (setting: Setting): PolicyStatement[] => {
  const all = setting.plans.flatMap((plan) =>
    Object.values(plan.flags).flatMap((flag) => {
      const delivery = deliveryOf(flag)
      return delivery === null ? [] : [{ plan, delivery }]
    }),
  )
  const workloads = all.flatMap(({ delivery }) =>
    delivery.kind === 'restart' ? [placeWorkload(delivery.workload, setting.environment.name)] : [],
  )
  const secrets = all.flatMap(({ plan, delivery }) =>
    delivery.kind === 'webhook' ? plan.webhooks.filter(({ name }) => name === delivery.webhook) : [],
  )
  const names = secrets.map(({ secret }) => secret.replaceAll('{env}', setting.environment.name))
  return [...on(workloads, RESTARTS, setting), ...parameters(setting, names)]
}
