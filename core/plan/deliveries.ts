import { z } from 'zod'
import { pattern } from './pattern.ts'
import { Name } from './vocabulary.ts'
import { EcsService, EksDeployment, LambdaAlias, type Workload } from './workloads.ts'

/** How an application learns of a flag. All but `poll` are brought to it by the rollback. */
export const DELIVERIES = ['poll', 'ecs-redeploy', 'lambda-config', 'eks-restart', 'webhook'] as const
export type DeliveryKind = (typeof DELIVERIES)[number]

const Variable = pattern(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  'the name of an environment variable',
  'Use letters, digits and "_", such as SEARCH_ENABLED.',
)
  .optional()
  .describe(
    'Environment variable that gets the value of the flag as well. Left out: it reads the parameter at its start.',
  )

const Webhook = z
  .strictObject({ webhook: Name.describe('Name of a webhook of this plan.') })
  .describe('A webhook that answers 2xx as soon as the application obeys.')

/** To whom a flag is delivered; which of them, its `delivery` says. */
export const Deliver = z
  .union(
    [
      EcsService,
      z.strictObject({ ...LambdaAlias.shape, variable: Variable }),
      z.strictObject({ ...EksDeployment.shape, variable: Variable }),
      Webhook,
    ],
    { error: 'this is neither {cluster, service}, {function, alias}, {cluster, namespace, deployment} nor {webhook}' },
  )
  .describe('Whom the rollback makes follow, after the parameter is written.')
export type Deliver = z.output<typeof Deliver>

/** A delivery that the rollback itself starts. */
export type Delivery =
  | { readonly kind: 'webhook'; readonly webhook: string }
  | { readonly kind: 'restart'; readonly workload: Workload; readonly variable: string | null }

const NEEDS: Readonly<Record<Exclude<DeliveryKind, 'poll'>, string>> = {
  'ecs-redeploy': 'deliver: { cluster: app, service: web }',
  'lambda-config': 'deliver: { function: search, alias: live }',
  'eks-restart': 'deliver: { cluster: app, namespace: default, deployment: web }',
  webhook: 'deliver: { webhook: config-service }',
}

interface DeliveredFlag {
  readonly delivery: DeliveryKind
  readonly deliver?: Deliver | undefined
}

/** How a flag is delivered; `null` when the application polls, or when `delivery` and `deliver` do not fit together. */
export const deliveryOf = ({ delivery, deliver }: DeliveredFlag): Delivery | null => {
  if (!deliver) return null
  if (delivery === 'webhook' && 'webhook' in deliver) return { kind: 'webhook', webhook: deliver.webhook }
  if (delivery === 'ecs-redeploy' && 'service' in deliver)
    return { kind: 'restart', workload: { platform: 'ecs', ...deliver }, variable: null }
  if (delivery === 'lambda-config' && 'function' in deliver) {
    const { variable, ...place } = deliver
    return { kind: 'restart', workload: { platform: 'lambda', ...place }, variable: variable ?? null }
  }
  if (delivery === 'eks-restart' && 'deployment' in deliver) {
    const { variable, ...place } = deliver
    return { kind: 'restart', workload: { platform: 'eks', ...place }, variable: variable ?? null }
  }
  return null
}

/** Of a flag whose delivery and target do not fit together. */
export const requireDelivery = (flag: DeliveredFlag, context: z.core.$RefinementCtx<DeliveredFlag>): void => {
  const { delivery, deliver } = flag
  if (delivery === 'poll' ? deliver === undefined : deliveryOf(flag) !== null) return
  context.addIssue({
    code: 'custom',
    path: deliver === undefined ? ['delivery'] : ['deliver'],
    message:
      deliver === undefined
        ? `Delivery by "${delivery}" does not say to whom.`
        : `This is nobody that "${delivery}" delivers to.`,
    params: {
      fix: delivery === 'poll' ? 'Leave deliver out: the application asks by itself.' : `Write ${NEEDS[delivery]}.`,
    },
  })
}
