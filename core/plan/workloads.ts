import { z } from 'zod'
import { exactlyOne, pattern } from './pattern.ts'

const EcsName = pattern(
  /^([A-Za-z0-9_-]|\{env\}){1,255}$/,
  'the name of an ECS cluster or service',
  'Write the name, not the ARN: letters, digits, "_-" and {env}.',
)
const FunctionName = pattern(
  /^([A-Za-z0-9_-]|\{env\}){1,64}$/,
  'the name of a Lambda function',
  'Write the name, not the ARN: letters, digits, "_-" and {env}.',
)
/** One that is only digits would be a version. */
const AliasName = pattern(
  /^(?!\d+$)([A-Za-z0-9_-]|\{env\}){1,128}$/,
  'the name of a Lambda alias',
  'Write the alias that the application is called by, such as "live".',
)
const ClusterName = pattern(
  /^([A-Za-z0-9_-]|\{env\}){1,100}$/,
  'the name of an EKS cluster',
  'Write the name, not the ARN: letters, digits, "_-" and {env}.',
)
const KubernetesName = pattern(
  /^([a-z0-9]|\{env\})([a-z0-9.-]|\{env\}){0,251}$/,
  'a name of Kubernetes',
  'Use lower-case letters, digits, "-", "." and {env}.',
)

export const EcsService = z
  .strictObject({
    cluster: EcsName.describe('Name of the cluster.'),
    service: EcsName.describe('Name of the service.'),
  })
  .describe('A service of ECS.')
export const LambdaAlias = z
  .strictObject({ function: FunctionName.describe('Name of the function.'), alias: AliasName.describe('Its alias.') })
  .describe('A Lambda function, as it is called by an alias.')
export const EksDeployment = z
  .strictObject({
    cluster: ClusterName.describe('Name of the cluster.'),
    namespace: KubernetesName.describe('Namespace of the deployment.'),
    deployment: KubernetesName.describe('Name of the deployment.'),
  })
  .describe('A deployment of a Kubernetes cluster in EKS.')
export const EksConfigMap = z
  .strictObject({
    cluster: ClusterName.describe('Name of the cluster.'),
    namespace: KubernetesName.describe('Namespace of the ConfigMap.'),
    name: KubernetesName.describe('Name of the ConfigMap.'),
  })
  .describe('A ConfigMap of a Kubernetes cluster in EKS.')

/** The keys of a workload in YAML: exactly one of them is there. */
export const WORKLOAD_KEYS = ['ecs', 'lambda', 'eks'] as const
export const WORKLOAD_SHAPE = {
  ecs: EcsService.optional(),
  lambda: LambdaAlias.optional(),
  eks: EksDeployment.optional(),
} as const

const OnEcs = EcsService.extend({ platform: z.literal('ecs') })
const OnLambda = LambdaAlias.extend({ platform: z.literal('lambda') })
const OnEks = EksDeployment.extend({ platform: z.literal('eks') })
/** Something that runs in versions, by its place, as steps are given it. Names have `{env}` in them until they are placed in an environment. */
export const WorkloadEvent = z.discriminatedUnion('platform', [OnEcs, OnLambda, OnEks])
export type Workload = z.output<typeof WorkloadEvent>
export type ConfigMapPlace = z.output<typeof EksConfigMap>

type Given = { [K in (typeof WORKLOAD_KEYS)[number]]?: z.output<NonNullable<(typeof WORKLOAD_SHAPE)[K]>> }

/** `null` where none of the keys is there: `exactlyOne` has said so. */
export const workloadOf = ({ ecs, lambda, eks }: Given): Workload | null => {
  if (ecs) return { platform: 'ecs', ...ecs }
  if (lambda) return { platform: 'lambda', ...lambda }
  return eks ? { platform: 'eks', ...eks } : null
}

/** A workload by its one key: `{ eks: { cluster, namespace, deployment } }`. */
export const WorkloadText = z
  .strictObject(WORKLOAD_SHAPE)
  .superRefine(exactlyOne('This workload', WORKLOAD_KEYS))
  .transform((given) => workloadOf(given) ?? z.NEVER)

const fill = <T extends object>(place: T, environment: string): T =>
  Object.fromEntries(
    Object.entries(place).map(([key, name]) => [key, String(name).replaceAll('{env}', environment)]),
  ) as T

/** For people, and as the name of a record. */
export const printConfigMap = ({ cluster, namespace, name }: ConfigMapPlace): string =>
  `ConfigMap "${cluster}/${namespace}/${name}"`

/** The workload of one environment. */
export const placeWorkload = (workload: Workload, environment: string): Workload => fill(workload, environment)
export const placeConfigMap = (place: ConfigMapPlace, environment: string): ConfigMapPlace => fill(place, environment)

/** For people, and as the name of a record: `ECS service "app/web"`. */
export const printWorkload = (workload: Workload): string => {
  if (workload.platform === 'ecs') return `ECS service "${workload.cluster}/${workload.service}"`
  if (workload.platform === 'lambda') return `Lambda function "${workload.function}:${workload.alias}"`
  return `deployment "${workload.cluster}/${workload.namespace}/${workload.deployment}"`
}
