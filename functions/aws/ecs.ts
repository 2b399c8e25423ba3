import {
  type Deployment,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  type Service,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { LIMITS, type Limits, memoised } from '#aws/clients.ts'
import { nameOf } from '#aws/sdk-errors.ts'
import { asked, missing, noSuchVersion } from '#aws/workload-errors.ts'
import type { PlatformWorkloads } from '#aws/workloads.ts'
import type { Workload } from '#core/plan/workloads.ts'
import type { Rollout } from '#core/ports-platform.ts'

type Ecs = Workload & { readonly platform: 'ecs' }

const client = memoised<ECSClient>('ECS')
const ecsClient = (limits: Limits): ECSClient => client(limits, ['idle', 'answer'], (common) => new ECSClient(common))

/** `arn:aws:ecs:…:task-definition/web:41` → `web:41`. */
const shortName = (taskDefinition: string | undefined): string => (taskDefinition ?? '').split('/').at(-1) ?? ''

const isPrimary = ({ status }: Deployment): boolean => status === 'PRIMARY'

/**
 * ECS says COMPLETED when the tasks have been steady, health checks included, and keeps saying so when the count changes
 * afterwards: the tasks are counted as well. An older deployment is listed for as long as tasks of it run.
 */
const rolloutOf = ({ deployments = [], desiredCount = 0 }: Service): Rollout => {
  const primary = deployments.find(isPrimary)
  const older = deployments.filter((one) => !isPrimary(one))
  const running = primary?.runningCount ?? 0
  const behind = older
    .filter(({ runningCount = 0, pendingCount = 0 }) => runningCount + pendingCount > 0)
    .map(({ runningCount = 0, pendingCount = 0, taskDefinition, id }) => {
      const count = runningCount + pendingCount
      return `${count} ${count === 1 ? 'task' : 'tasks'} of ${shortName(taskDefinition)} (${id})`
    })
  const steady = primary?.rolloutState === undefined || primary.rolloutState === 'COMPLETED'
  return {
    id: primary?.id ?? '',
    began: primary?.createdAt?.toISOString() ?? null,
    done: steady && older.length === 0 && running === desiredCount && (primary?.pendingCount ?? 0) === 0,
    stuck:
      primary?.rolloutState === 'FAILED' ? (primary.rolloutStateReason ?? 'ECS has given the deployment up') : null,
    detail: `${running} of ${desiredCount} tasks of ${shortName(primary?.taskDefinition)} are new${steady ? ' and steady' : ''}`,
    behind,
  }
}

const FIX =
  'Look at the events of the service in the console of ECS; only its own rolling deployments can be started here.'

/** Services of ECS that it deploys by itself. A version is a task definition, `family:revision`. */
export const ecsServices = (limits: Limits = LIMITS): PlatformWorkloads<Ecs> => {
  const find = async (workload: Ecs): Promise<Service> => {
    const { cluster, service } = workload
    const call = { doing: 'Looking at', action: 'ecs:DescribeServices', fix: FIX }
    const answer = await asked(workload, call, async () =>
      ecsClient(limits)
        .send(new DescribeServicesCommand({ cluster, services: [service] }))
        .catch((error: unknown) => {
          if (nameOf(error) === 'ClusterNotFoundException') throw missing(workload)
          throw error
        }),
    )
    const found = answer.services?.find(({ status }) => status !== 'INACTIVE')
    if (!found) throw missing(workload)
    return found
  }
  const update = async (workload: Ecs, doing: string, change: Omit<UpdateServiceCommand['input'], 'service'>) => {
    const { cluster, service } = workload
    const call = { doing, action: 'ecs:UpdateService', fix: FIX }
    await asked(workload, call, () => ecsClient(limits).send(new UpdateServiceCommand({ cluster, service, ...change })))
  }
  return {
    async look(workload) {
      const service = await find(workload)
      return {
        version: shortName(service.taskDefinition),
        count: service.desiredCount ?? 0,
        rollout: rolloutOf(service),
        marks: {},
      }
    },
    async version(workload, name) {
      const call = { doing: 'Looking for a version of', action: 'ecs:DescribeTaskDefinition', fix: FIX }
      const gone = (cause?: unknown) =>
        noSuchVersion(
          workload,
          name,
          'Register the task definition again, and name its new revision in the step.',
          cause,
        )
      const { taskDefinition } = await asked(workload, call, () =>
        ecsClient(limits)
          .send(new DescribeTaskDefinitionCommand({ taskDefinition: name }))
          .catch((error: unknown) => {
            // "Unable to describe task definition": ECS has no name of its own for it.
            if (nameOf(error) === 'ClientException') throw gone(error)
            throw error
          }),
      )
      if (taskDefinition?.status !== 'ACTIVE') throw gone()
      const images = (taskDefinition.containerDefinitions ?? []).flatMap(({ image }) => (image ? [image] : []))
      return {
        version: shortName(taskDefinition.taskDefinitionArn),
        images,
        label: shortName(taskDefinition.taskDefinitionArn),
      }
    },
    async versions(workload) {
      const service = await find(workload)
      const names = [...new Set((service.deployments ?? []).map(({ taskDefinition }) => shortName(taskDefinition)))]
      return names.map((version) => ({ version, images: [], label: version }))
    },
    deploy: (workload, version, count) =>
      update(workload, 'Bringing back', {
        taskDefinition: version,
        ...(count === null ? {} : { desiredCount: count }),
      }),
    restart: (workload) => update(workload, 'Restarting', { forceNewDeployment: true }),
    scale: (workload, count) => update(workload, 'Scaling', { desiredCount: count }),
  }
}
