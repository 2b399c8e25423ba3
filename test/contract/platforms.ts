import { onTestFinished } from 'vitest'
import { awsWorkloads } from '#aws/workloads.ts'
import type { Workload } from '#core/plan/workloads.ts'
import type { WorkloadState, Workloads } from '#core/ports-platform.ts'
import type { EcsState } from '#local/endpoints/ecs-state.ts'
import { EcsState as Ecs } from '#local/endpoints/ecs-state.ts'
import { EksState } from '#local/endpoints/eks-state.ts'
import { LambdaState } from '#local/endpoints/lambda-state.ts'
import { platformServices } from '#local/endpoints/platforms.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'
import { pointSdkAt } from '#test/support/endpoints.ts'

export const WEB = { platform: 'ecs', cluster: 'app', service: 'web' } as const satisfies Workload
export const SEARCH = { platform: 'lambda', function: 'search', alias: 'live' } as const satisfies Workload
export const POD = {
  platform: 'eks',
  cluster: 'main',
  namespace: 'default',
  deployment: 'vectorizer',
} as const satisfies Workload
export const PLACE = { cluster: 'main', namespace: 'default', name: 'config' }

const STATE = {
  ecs: {
    'task-definitions': { 'web:41': ['repo/web:1.7.4'], 'web:42': ['repo/web:1.8.0'], 'web:40': null },
    services: { 'app/web': { 'task-definition': 'web:42', count: 3 } },
  },
  lambda: {
    search: {
      versions: { '6': { code: 'six' }, '7': { code: 'seven', environment: { LIMIT: '5' } } },
      aliases: { live: '7' },
    },
  },
  eks: {
    main: {
      deployments: { 'default/vectorizer': { image: 'repo/vectorizer:1.7.4', replicas: 3, env: { HUB: 'true' } } },
      configmaps: { 'default/config': { 'hub.enabled': 'true' } },
    },
  },
} as const

/** ECS, Lambda and EKS with one workload each, behind the SDK's own clients and a client of Kubernetes. */
export const openPlatforms = async () => {
  const platforms = platformServices({ directory: await scratch(), clock: realClock })
  const endpoints = await startEndpoints({ services: platforms.services })
  const restore = pointSdkAt(endpoints.url)
  onTestFinished(async () => {
    restore()
    await endpoints.close()
  })
  const { loaders } = platforms
  const load = (state: { ecs?: object; lambda?: object; eks?: object }): void => {
    if (state.ecs) loaders.ecs(Ecs.parse(state.ecs) satisfies EcsState)
    if (state.lambda) loaders.lambda(LambdaState.parse(state.lambda))
    if (state.eks) loaders.eks(EksState.parse(state.eks))
  }
  load(STATE)
  // A newer one, so that there is something to go back to.
  load({
    eks: {
      main: {
        deployments: { 'default/vectorizer': { image: 'repo/vectorizer:1.8.0', replicas: 3, env: { HUB: 'true' } } },
      },
    },
  })
  return { load, faults: endpoints.faults, workloads: awsWorkloads() }
}

/** Looks until it has come about; a rollout here goes on with each look. */
export const settled = async (workloads: Workloads, workload: Workload): Promise<WorkloadState> => {
  for (let looks = 0; looks < 10; looks++) {
    const state = await workloads.look(workload)
    if (state.rollout.done) return state
  }
  throw new Error('it does not settle')
}
