import type { Edit } from '#test/core/plan/folder.ts'
import { type ConfigWorld, configWorld, withSteps } from '#test/core/recorded/world.ts'

export const ECS = '{ cluster: "app-{env}", service: web }'
export const LAMBDA = '{ function: search, alias: live }'
export const EKS = '{ cluster: main, namespace: default, deployment: vectorizer }'

export const WEB = { platform: 'ecs', cluster: 'app-{env}', service: 'web' } as const
export const SEARCH = { platform: 'lambda', function: 'search', alias: 'live' } as const
export const POD = { platform: 'eks', cluster: 'main', namespace: 'default', deployment: 'vectorizer' } as const
export const WITHIN = 900_000

/** What was good, and what the deployment that goes wrong makes of it. */
export const BEFORE = {
  ecs: {
    'task-definitions': { 'web:41': ['repo/web:1.7.4'], 'web:42': ['repo/web:1.8.0'] },
    services: { 'app-test/web': { 'task-definition': 'web:41', count: 3 } },
  },
  lambda: { search: { versions: { '6': { code: 'six' } }, aliases: { live: '6' } } },
  eks: {
    main: {
      deployments: { 'default/vectorizer': { image: 'repo/vectorizer:1.7.4', replicas: 3, env: { HUB: 'true' } } },
      configmaps: { 'default/config': { 'hub.enabled': 'false' } },
    },
  },
}
export const AFTER = {
  ecs: { services: { 'app-test/web': { 'task-definition': 'web:42', count: 2 } } },
  lambda: { search: { versions: { '7': { code: 'seven' } }, aliases: { live: '7' } } },
  eks: {
    main: {
      deployments: { 'default/vectorizer': { image: 'repo/vectorizer:1.8.0', replicas: 2, env: { HUB: 'true' } } },
      configmaps: { 'default/config': { 'hub.enabled': 'true', extra: 'yes' } },
    },
  },
}

/** A plan with such steps, whose good state is recorded, and whose deployment has gone wrong since. */
export const platformWorld = async (steps: readonly string[], ...edits: readonly Edit[]): Promise<ConfigWorld> => {
  const world = await configWorld(withSteps(steps, ...edits), BEFORE)
  await world.record()
  await world.load(AFTER)
  return world
}

type Run = Awaited<ReturnType<ConfigWorld['begin']>>

/** Asks a step until it is done, as the state machine does, without its pauses. */
export const untilDone = async (world: ConfigWorld, run: Run, kind: string, input: object) => {
  const first = await world.step(run, kind, input)
  for (let result = first, calls = 0; ; calls++) {
    if (result.waitSeconds === 0) return { ...result, changed: result.changed || first.changed }
    if (calls > 5) throw new Error(`${kind} does not end: ${result.detail}`)
    result = await world.step(run, kind, input)
  }
}
