import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import type { EksState } from './eks-state.ts'
import { KeptJson } from './kept-json.ts'

const Template = z.looseObject({
  metadata: z.looseObject({
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string() })).min(1) }),
})
export type Template = z.infer<typeof Template>

const ReplicaSet = z.strictObject({
  name: z.string(),
  uid: z.string(),
  revision: z.int(),
  createdAt: z.string(),
  template: Template,
  pods: z.array(z.string()),
})
export type KeptReplicaSet = z.infer<typeof ReplicaSet>

const Deployment = z.strictObject({
  uid: z.string(),
  resourceVersion: z.int(),
  generation: z.int(),
  observedGeneration: z.int(),
  replicas: z.int(),
  template: Template,
  hold: z.boolean(),
  fails: z.array(z.string()),
  replicaSets: z.array(ReplicaSet),
})
export type KeptDeployment = z.infer<typeof Deployment>

const ConfigMap = z.strictObject({ resourceVersion: z.int(), data: z.record(z.string(), z.string()) })
export type KeptConfigMap = z.infer<typeof ConfigMap>

const Cluster = z.strictObject({
  deployments: z.record(z.string(), Deployment),
  configmaps: z.record(z.string(), ConfigMap),
})
const Kept = z.record(z.string(), Cluster)
type Kept = z.infer<typeof Kept>

const newest = ({ replicaSets }: KeptDeployment): KeptReplicaSet | undefined =>
  [...replicaSets].sort((a, b) => a.revision - b.revision).at(-1)

const nameFor = (deployment: string, template: Template): string =>
  `${deployment}-${createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 9)}`

/** As the controller does: a template has one replica set, which is the newest again when it is gone back to. */
const observed = (name: string, deployment: KeptDeployment, now: string): KeptDeployment => {
  const wanted = nameFor(name, deployment.template)
  const top = newest(deployment)
  const seen = { ...deployment, observedGeneration: deployment.generation }
  if (top?.name === wanted) return seen
  const revision = (top?.revision ?? 0) + 1
  const there = deployment.replicaSets.find((one) => one.name === wanted)
  const made: KeptReplicaSet = there
    ? { ...there, revision }
    : { name: wanted, uid: randomUUID(), revision, createdAt: now, template: deployment.template, pods: [] }
  return { ...seen, replicaSets: [...deployment.replicaSets.filter((one) => one.name !== wanted), made] }
}

/** One look further: half of the pods are replaced, then the rest. */
const rolled = (deployment: KeptDeployment): KeptDeployment => {
  const top = newest(deployment)
  if (!top || deployment.hold || isFailing(deployment)) return deployment
  const { replicas } = deployment
  const count = Math.min(replicas, top.pods.length + Math.max(1, Math.ceil(replicas / 2)))
  const more = Array.from(
    { length: Math.max(0, count - top.pods.length) },
    () => `${top.name}-${randomUUID().slice(0, 5)}`,
  )
  const pods = [...top.pods, ...more].slice(0, count)
  let left = replicas - count
  const others = deployment.replicaSets
    .filter((one) => one !== top)
    .map((one) => {
      const kept = one.pods.slice(0, left)
      left -= kept.length
      return { ...one, pods: kept }
    })
  return { ...deployment, replicaSets: [...others, { ...top, pods }] }
}

export const isFailing = ({ template, fails, replicas }: KeptDeployment): boolean =>
  replicas > 0 && template.spec.containers.some(({ image }) => fails.includes(image))

/** The objects of the clusters of one state directory. Each look at a deployment takes its rollout one step further. */
export class Kubernetes {
  readonly #kept: KeptJson<Kept>
  readonly #clock: Pick<Clock, 'now'>

  constructor({ directory, clock }: { directory: string; clock: Pick<Clock, 'now'> }) {
    this.#kept = new KeptJson<Kept>(join(directory, 'kubernetes.json'), Kept, {})
    this.#clock = clock
  }

  has(cluster: string): boolean {
    return this.#kept.get()[cluster] !== undefined
  }

  /** By `namespace/name`. */
  deployments(cluster: string): Readonly<Record<string, KeptDeployment>> {
    return this.#kept.get()[cluster]?.deployments ?? {}
  }

  configMap(cluster: string, name: string): KeptConfigMap | undefined {
    return this.#kept.get()[cluster]?.configmaps[name]
  }

  look(cluster: string, name: string): KeptDeployment | undefined {
    const found = this.deployments(cluster)[name]
    if (!found) return undefined
    const next = rolled(observed(name.split('/')[1] ?? '', found, this.#clock.now().toISOString()))
    this.#put(cluster, name, next)
    return next
  }

  change(cluster: string, name: string, to: Partial<Pick<KeptDeployment, 'template' | 'replicas'>>): void {
    const found = this.deployments(cluster)[name]
    if (!found) return
    const { generation, resourceVersion } = found
    this.#put(cluster, name, { ...found, ...to, generation: generation + 1, resourceVersion: resourceVersion + 1 })
  }

  changeConfigMap(cluster: string, name: string, data: Readonly<Record<string, string>>): void {
    const all = this.#kept.get()
    const there = all[cluster]
    if (!there) return
    const resourceVersion = (there.configmaps[name]?.resourceVersion ?? 0) + 1
    const configmaps = { ...there.configmaps, [name]: { resourceVersion, data: { ...data } } }
    this.#kept.set({ ...all, [cluster]: { ...there, configmaps } })
  }

  /** Brings objects to what a fixture says of them, and the pods with them; the others stay as they are. */
  load(state: EksState): void {
    for (const [cluster, { deployments, configmaps }] of Object.entries(state)) {
      if (!this.has(cluster)) this.#kept.set({ ...this.#kept.get(), [cluster]: { deployments: {}, configmaps: {} } })
      for (const [name, data] of Object.entries(configmaps)) this.changeConfigMap(cluster, name, data)
      for (const [name, { image, replicas, env, hold, fails }] of Object.entries(deployments)) {
        const container = {
          name: name.split('/')[1] ?? '',
          image,
          env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
        }
        const labels = { app: container.name }
        const template = { metadata: { labels }, spec: { containers: [container] } }
        const found = this.deployments(cluster)[name]
        const fresh = { uid: randomUUID(), resourceVersion: 1, generation: 1, observedGeneration: 1, replicaSets: [] }
        const made = observed(
          container.name,
          { ...(found ?? fresh), replicas, template, hold: false, fails: [] },
          this.#clock.now().toISOString(),
        )
        // A fixture is a state, not a rollout: it runs already.
        const settled = rolled(rolled(made))
        this.#put(cluster, name, { ...settled, hold, fails })
      }
    }
  }

  #put(cluster: string, name: string, deployment: KeptDeployment): void {
    const all = this.#kept.get()
    const there = all[cluster] ?? { deployments: {}, configmaps: {} }
    this.#kept.set({ ...all, [cluster]: { ...there, deployments: { ...there.deployments, [name]: deployment } } })
  }
}
