import { LIMITS, type Limits } from '#aws/clients.ts'
import { type Answer, kubernetes, rejected } from '#aws/kubernetes.ts'
import { carriedOver, imagesOf, marksOf, type PodTemplate, restarted, sameVersion } from '#aws/pod-template.ts'
import { missing, noSuchVersion } from '#aws/workload-errors.ts'
import type { PlatformWorkloads } from '#aws/workloads.ts'
import { printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Rollout, WorkloadVersion } from '#core/ports-platform.ts'

type Eks = Workload & { readonly platform: 'eks' }

interface Meta {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly { readonly uid: string }[]
}
interface Deployment {
  readonly metadata: Meta
  readonly spec: {
    readonly replicas?: number
    readonly paused?: boolean
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly template: PodTemplate
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[]
  }
}
interface ReplicaSet {
  readonly metadata: Meta
  readonly spec: { readonly template: PodTemplate }
}
interface Pod {
  readonly metadata: Meta
  readonly status?: { readonly phase?: string }
}

interface Looked {
  readonly deployment: Deployment
  /** Oldest first. */
  readonly replicaSets: readonly ReplicaSet[]
}

const ownedBy =
  (uids: readonly string[]) =>
  ({ metadata }: { readonly metadata: Meta }): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uids.includes(uid)) === true

const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)

const age = (a: ReplicaSet, b: ReplicaSet): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  revisionOf(a) - revisionOf(b)

const newestOf = ({ replicaSets }: Pick<Looked, 'replicaSets'>): ReplicaSet | undefined =>
  [...replicaSets].sort((a, b) => revisionOf(a) - revisionOf(b)).at(-1)

/** The first replica set that ran a version is its name: restarts make others of the same. */
const firstOf = ({ replicaSets }: Looked, template: PodTemplate): ReplicaSet | undefined =>
  replicaSets.find(({ spec }) => sameVersion(spec.template, template))

/** As `kubectl rollout status` judges; and pods that are still going away still act on what they read. */
const rolloutOf = (
  { metadata, spec, status = {} }: Deployment,
  newest: ReplicaSet | undefined,
  behind: readonly string[],
): Rollout => {
  const wanted = spec.replicas ?? 1
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status
  const seen = observedGeneration >= (metadata.generation ?? 0)
  const given = conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded')
  const fresh = seen ? Math.min(updatedReplicas, availableReplicas) : 0
  return {
    id: newest ? `${newest.metadata.name} ${revisionOf(newest)}` : '',
    began: null,
    done:
      seen && updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted && behind.length === 0,
    stuck: spec.paused ? 'the deployment is paused' : seen && given ? (given.message ?? 'its deadline is over') : null,
    detail: `${fresh} of ${wanted} pods are new and healthy`,
    behind,
  }
}

const describe = (replicaSet: ReplicaSet): WorkloadVersion => ({
  version: replicaSet.metadata.name,
  images: imagesOf(replicaSet.spec.template),
  label: `revision ${revisionOf(replicaSet)} (${replicaSet.metadata.name})`,
})

/**
 * Deployments of Kubernetes, through the API of their cluster. A version is the name of the first replica set that ran it: a
 * template that is no longer there cannot be gone back to, and templates are never kept elsewhere, since secrets can stand in them.
 */
export const eksDeployments = (limits: Limits = LIMITS): PlatformWorkloads<Eks> => {
  const api = kubernetes(limits)
  const pathOf = ({ namespace, deployment }: Eks): string =>
    `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`
  const get = async (workload: Eks, path: string): Promise<Answer> => {
    const doing = `Looking at ${printWorkload(workload)}`
    const answer = await api.call({ cluster: workload.cluster, method: 'GET', path, doing })
    if (answer.status === 404) throw missing(workload)
    if (answer.status !== 200) throw rejected(doing, answer)
    return answer
  }
  const list = async <T>(
    workload: Eks,
    kind: 'apps/v1 replicasets' | 'v1 pods',
    { spec }: Deployment,
  ): Promise<T[]> => {
    const labels = Object.entries(spec.selector.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`)
    const [group = '', plural = ''] = kind.split(' ')
    const root = group === 'v1' ? '/api/v1' : `/apis/${group}`
    const query = new URLSearchParams({ labelSelector: labels.join(',') })
    const { body } = await get(workload, `${root}/namespaces/${workload.namespace}/${plural}?${query}`)
    return (body as { items?: T[] }).items ?? []
  }
  const find = async (workload: Eks): Promise<Looked> => {
    const deployment = (await get(workload, pathOf(workload))).body as Deployment
    const all = await list<ReplicaSet>(workload, 'apps/v1 replicasets', deployment)
    return { deployment, replicaSets: all.filter(ownedBy([deployment.metadata.uid])).sort(age) }
  }
  /** Pods of replica sets that are not the newest: names, those going away included. */
  const findBehind = async (workload: Eks, { deployment, replicaSets }: Looked): Promise<string[]> => {
    const newest = newestOf({ replicaSets })
    const wanted = deployment.spec.replicas ?? 1
    const old = replicaSets.filter((one) => one !== newest || wanted === 0).map(({ metadata }) => metadata.uid)
    if (old.length === 0) return []
    const pods = await list<Pod>(workload, 'v1 pods', deployment)
    return pods
      .filter(ownedBy(old))
      .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
      .map(({ metadata }) => `pod ${metadata.name}`)
      .sort()
  }
  /** One JSON patch on the version that was read. Somebody else's change in between is no error: the next look begins with it. */
  const patch = async (
    workload: Eks,
    doing: string,
    { metadata }: Deployment,
    changes: readonly { readonly path: string; readonly value: unknown }[],
  ): Promise<void> => {
    const patched = await api.patch({
      cluster: workload.cluster,
      path: pathOf(workload),
      resourceVersion: metadata.resourceVersion,
      changes: changes.map((change) => ({ op: 'replace', ...change })),
      doing: `${doing} ${printWorkload(workload)}`,
    })
    if (patched === 'missing') throw missing(workload)
  }
  const replicaSetOf = (workload: Eks, looked: Looked, name: string): ReplicaSet => {
    const named = looked.replicaSets.find((one) => one.metadata.name === name || String(revisionOf(one)) === name)
    if (named) return firstOf(looked, named.spec.template) ?? named
    const there = looked.replicaSets.map((one) => describe(one).label).join(', ')
    throw noSuchVersion(
      workload,
      name,
      `Name one that is there (${there || 'none'}), and raise revisionHistoryLimit of the deployment.`,
    )
  }
  return {
    async look(workload) {
      const looked = await find(workload)
      const { spec } = looked.deployment
      return {
        version: firstOf(looked, spec.template)?.metadata.name ?? '',
        count: spec.replicas ?? 1,
        rollout: rolloutOf(looked.deployment, newestOf(looked), await findBehind(workload, looked)),
        marks: marksOf(spec.template),
      }
    },
    async version(workload, name) {
      return describe(replicaSetOf(workload, await find(workload), name))
    },
    async versions(workload) {
      const { replicaSets } = await find(workload)
      return [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a)).map(describe)
    },
    async deploy(workload, version, count) {
      const looked = await find(workload)
      const { deployment } = looked
      const target = replicaSetOf(workload, looked, version).spec.template
      const same = sameVersion(target, deployment.spec.template)
      await patch(workload, 'Bringing back', deployment, [
        ...(same ? [] : [{ path: '/spec/template', value: carriedOver(target, deployment.spec.template) }]),
        ...(count === null ? [] : [{ path: '/spec/replicas', value: count }]),
      ])
    },
    async restart(workload, how) {
      const { deployment } = await find(workload)
      const template = restarted(deployment.spec.template, how)
      if (template === deployment.spec.template) return
      await patch(workload, 'Restarting', deployment, [{ path: '/spec/template', value: template }])
    },
    async scale(workload, count) {
      const { deployment } = await find(workload)
      await patch(workload, 'Scaling', deployment, [{ path: '/spec/replicas', value: count }])
    },
  }
}
