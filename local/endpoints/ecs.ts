import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import type { EcsState } from './ecs-state.ts'
import { ApiError, jsonService, operation } from './json-protocol.ts'
import { KeptJson } from './kept-json.ts'
import type { Service } from './service.ts'

const ARN = 'arn:aws:ecs:local:000000000000'

const Deployment = z.strictObject({
  id: z.string(),
  taskDefinition: z.string(),
  running: z.int(),
  createdAt: z.iso.datetime(),
})
type Deployment = z.infer<typeof Deployment>
const KeptService = z.strictObject({
  desired: z.int(),
  hold: z.boolean(),
  /** The primary one first. */
  deployments: z.array(Deployment).min(1),
})
type KeptService = z.infer<typeof KeptService>
const Kept = z.strictObject({
  services: z.record(z.string(), KeptService),
  taskDefinitions: z.record(
    z.string(),
    z.strictObject({ images: z.array(z.string()), fails: z.boolean(), active: z.boolean() }),
  ),
})
type Kept = z.infer<typeof Kept>

export interface EcsService extends Service {
  /** Brings task definitions and services to what a fixture says of them; the others stay as they are. */
  load(state: EcsState): void
}

/** One look further: half of the tasks are replaced, then the rest, then the earlier deployment is gone. */
const advanced = (service: KeptService, fails: boolean): KeptService => {
  const [primary, ...older] = service.deployments
  if (!primary || service.hold || fails) return service
  const { desired } = service
  const running =
    primary.running > desired ? desired : Math.min(desired, primary.running + Math.max(1, Math.ceil(desired / 2)))
  const left = desired - running
  const still = older
    .map((one) => ({ ...one, running: Math.min(one.running, left) }))
    .filter((one) => one.running > 0 || primary.running < running)
  return { ...service, deployments: [{ ...primary, running }, ...still] }
}

/** DescribeServices, UpdateService and DescribeTaskDefinition. Each look at a service takes its rollout one step further. */
export const ecsService = ({ directory, clock }: { directory: string; clock: Pick<Clock, 'now'> }): EcsService => {
  const kept = new KeptJson<Kept>(join(directory, 'ecs.json'), Kept, { services: {}, taskDefinitions: {} })
  const put = (name: string, service: KeptService) =>
    kept.set({ ...kept.get(), services: { ...kept.get().services, [name]: service } })
  const isFailing = (taskDefinition: string): boolean => kept.get().taskDefinitions[taskDefinition]?.fails === true
  const nameOf = (cluster: string, service: string): string => {
    const name = `${cluster}/${service}`
    if (Object.keys(kept.get().services).some((one) => one.startsWith(`${cluster}/`))) return name
    throw new ApiError('ClusterNotFoundException', 'Cluster not found.')
  }
  const requireActive = (taskDefinition: string): void => {
    if (kept.get().taskDefinitions[taskDefinition]?.active) return
    throw new ApiError('ClientException', 'TaskDefinition is inactive')
  }
  const began = (taskDefinition: string, running = 0): Deployment => ({
    id: `ecs-svc/${randomUUID().replaceAll('-', '').slice(0, 19)}`,
    taskDefinition,
    running,
    createdAt: clock.now().toISOString(),
  })
  const shown = (name: string, { desired, deployments }: KeptService) => {
    const [cluster = '', service = ''] = name.split('/')
    const [primary] = deployments
    const arnOf = (taskDefinition: string) => `${ARN}:task-definition/${taskDefinition}`
    return {
      serviceArn: `${ARN}:service/${cluster}/${service}`,
      serviceName: service,
      status: 'ACTIVE',
      desiredCount: desired,
      runningCount: deployments.reduce((sum, { running }) => sum + running, 0),
      pendingCount: 0,
      taskDefinition: arnOf(primary?.taskDefinition ?? ''),
      deployments: deployments.map(({ id, taskDefinition, running, createdAt }, i) => {
        const fails = isFailing(taskDefinition) && running < desired
        const complete = running === desired && deployments.length === 1
        return {
          id,
          status: i === 0 ? 'PRIMARY' : 'ACTIVE',
          taskDefinition: arnOf(taskDefinition),
          desiredCount: i === 0 ? desired : 0,
          runningCount: running,
          pendingCount: i === 0 && !fails ? Math.max(0, desired - running) : 0,
          createdAt: new Date(createdAt),
          rolloutState: fails ? 'FAILED' : complete || i > 0 ? 'COMPLETED' : 'IN_PROGRESS',
          ...(fails ? { rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.' } : {}),
        }
      }),
    }
  }
  const service = jsonService({
    name: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113',
    version: '1.1',
    key: (input) => {
      const { service, services, cluster } = z
        .object({ cluster: z.string(), service: z.string().optional(), services: z.array(z.string()).optional() })
        .parse(input)
      return `${cluster}/${service ?? services?.[0]}`
    },
    operations: {
      DescribeServices: operation(
        z.strictObject({ cluster: z.string(), services: z.array(z.string()).length(1) }),
        ({ cluster, services: [asked = ''] }) => {
          const name = nameOf(cluster, asked)
          const found = kept.get().services[name]
          if (!found) return { services: [], failures: [{ arn: name, reason: 'MISSING' }] }
          const next = advanced(found, isFailing(found.deployments[0]?.taskDefinition ?? ''))
          put(name, next)
          return { services: [shown(name, next)], failures: [] }
        },
      ),
      UpdateService: operation(
        z.strictObject({
          cluster: z.string(),
          service: z.string(),
          taskDefinition: z.string().optional(),
          desiredCount: z.int().min(0).optional(),
          forceNewDeployment: z.boolean().optional(),
        }),
        ({ cluster, service: asked, taskDefinition, desiredCount, forceNewDeployment }) => {
          const name = nameOf(cluster, asked)
          const found = kept.get().services[name]
          if (!found) throw new ApiError('ServiceNotFoundException', 'Service not found.')
          if (taskDefinition !== undefined) requireActive(taskDefinition)
          const [primary] = found.deployments
          const anew =
            forceNewDeployment || (taskDefinition !== undefined && taskDefinition !== primary?.taskDefinition)
          const next: KeptService = {
            ...found,
            desired: desiredCount ?? found.desired,
            deployments: anew
              ? [began(taskDefinition ?? primary?.taskDefinition ?? ''), ...found.deployments]
              : found.deployments,
          }
          put(name, next)
          return { service: shown(name, next) }
        },
      ),
      DescribeTaskDefinition: operation(z.strictObject({ taskDefinition: z.string() }), ({ taskDefinition }) => {
        const found = kept.get().taskDefinitions[taskDefinition]
        if (!found) throw new ApiError('ClientException', 'Unable to describe task definition.')
        return {
          taskDefinition: {
            taskDefinitionArn: `${ARN}:task-definition/${taskDefinition}`,
            status: found.active ? 'ACTIVE' : 'INACTIVE',
            containerDefinitions: found.images.map((image, i) => ({ name: `container-${i + 1}`, image })),
          },
        }
      }),
    },
  })
  return {
    ...service,
    load(state) {
      const { services, taskDefinitions } = kept.get()
      const defined = Object.entries(state['task-definitions']).map(([name, given]) => {
        const { images, fails } = given ?? taskDefinitions[name] ?? { images: [], fails: false }
        return [name, { images, fails, active: given !== null }] as const
      })
      const stood = Object.entries(state.services).map(([name, given]) => {
        const before = services[name]
        const wanted = given['task-definition']
        const same = before?.deployments[0]?.taskDefinition === wanted
        // A fixture is a state, not a rollout: it runs already.
        const deployments = same && before ? before.deployments : [began(wanted, given.count)]
        return [name, { desired: given.count, hold: given.hold, deployments }] as const
      })
      kept.set({
        taskDefinitions: { ...taskDefinitions, ...Object.fromEntries(defined) },
        services: { ...services, ...Object.fromEntries(stood) },
      })
    },
  }
}
