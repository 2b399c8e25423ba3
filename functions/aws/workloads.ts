import type { Workload } from '#core/plan/workloads.ts'
import type { Workloads } from '#core/ports-platform.ts'

type Rest<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Others] ? Others : never

/** The same for one platform alone. */
export type PlatformWorkloads<W extends Workload> = {
  readonly [K in keyof Workloads]: (workload: W, ...rest: Rest<Parameters<Workloads[K]>>) => ReturnType<Workloads[K]>
}

/** The client of a platform is loaded when one of its workloads is named: containment of a flag that is polled loads none. */
const platformOf = async (workload: Workload): Promise<Workloads> => {
  const { platform } = workload
  const loaded =
    platform === 'ecs'
      ? (await import('#aws/ecs.ts')).ecsServices()
      : platform === 'lambda'
        ? (await import('#aws/lambda-aliases.ts')).lambdaAliases()
        : (await import('#aws/eks.ts')).eksDeployments()
  // It was chosen by the platform of this workload.
  return loaded as Workloads
}

export const awsWorkloads = (): Workloads => ({
  look: async (workload) => (await platformOf(workload)).look(workload),
  version: async (workload, name) => (await platformOf(workload)).version(workload, name),
  versions: async (workload) => (await platformOf(workload)).versions(workload),
  deploy: async (workload, ...rest) => (await platformOf(workload)).deploy(workload, ...rest),
  restart: async (workload, how) => (await platformOf(workload)).restart(workload, how),
  scale: async (workload, count) => (await platformOf(workload)).scale(workload, count),
})
