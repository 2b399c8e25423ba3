import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import {
  isFailing,
  type KeptDeployment,
  type KeptReplicaSet,
  type Kubernetes,
  type Template,
} from './kubernetes-cluster.ts'
import type { Reply, Service } from './service.ts'

const ROOT = /^\/kubernetes\/([^/]+)(\/.*)$/
const DEPLOYMENT = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/deployments\/([^/]+)$/
const LISTED = /^\/(?:apis\/apps|api)\/v1\/namespaces\/([^/]+)\/(replicasets|pods)$/
const CONFIG_MAP = /^\/api\/v1\/namespaces\/([^/]+)\/configmaps\/([^/]+)$/

const Patch = z.array(
  z.discriminatedUnion('path', [
    z.strictObject({ op: z.literal('test'), path: z.literal('/metadata/resourceVersion'), value: z.string() }),
    z.strictObject({ op: z.literal('replace'), path: z.literal('/spec/template'), value: z.custom<Template>() }),
    z.strictObject({ op: z.literal('replace'), path: z.literal('/spec/replicas'), value: z.int().min(0) }),
    z.strictObject({ op: z.literal('add'), path: z.literal('/data'), value: z.record(z.string(), z.string()) }),
  ]),
)

/** Whether the token is one that EKS would take for this cluster: a request to STS, signed with the cluster's name, for a minute. */
const isAuthentic = ({ headers }: IncomingMessage): boolean => {
  const [, token] = /^Bearer k8s-aws-v1\.([A-Za-z0-9_-]+)$/.exec(headers.authorization ?? '') ?? []
  const url = token === undefined ? null : URL.parse(Buffer.from(token, 'base64url').toString('utf8'))
  const has = (name: string, value: RegExp) => value.test(url?.searchParams.get(name) ?? '')
  return (
    url !== null &&
    /^sts\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(url.hostname) &&
    has('Action', /^GetCallerIdentity$/) &&
    has('X-Amz-Expires', /^60$/) &&
    has('X-Amz-SignedHeaders', /(^|;)x-k8s-aws-id(;|$)/) &&
    has('X-Amz-Signature', /^[0-9a-f]{64}$/)
  )
}

const reply = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const failure = (code: number, reason: string, message: string): Reply =>
  reply(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code })

const shownDeployment = (name: string, deployment: KeptDeployment) => {
  const { uid, generation, observedGeneration, resourceVersion, replicas, template, replicaSets } = deployment
  const top = [...replicaSets].sort((a, b) => a.revision - b.revision).at(-1)
  const pods = replicaSets.reduce((sum, one) => sum + one.pods.length, 0)
  const failing = isFailing(deployment)
  return {
    kind: 'Deployment',
    metadata: { name, uid, generation, resourceVersion: String(resourceVersion) },
    spec: { replicas, selector: { matchLabels: template.metadata.labels }, template },
    status: {
      observedGeneration,
      replicas: pods,
      updatedReplicas: top?.pods.length ?? 0,
      availableReplicas: pods,
      conditions: failing
        ? [
            {
              type: 'Progressing',
              reason: 'ProgressDeadlineExceeded',
              message: `ReplicaSet "${top?.name}" has timed out progressing.`,
            },
          ]
        : [],
    },
  }
}

const shownReplicaSet = (owner: KeptDeployment, { name, uid, revision, createdAt, template }: KeptReplicaSet) => ({
  metadata: {
    name,
    uid,
    creationTimestamp: createdAt,
    annotations: { 'deployment.kubernetes.io/revision': String(revision) },
    ownerReferences: [{ uid: owner.uid }],
  },
  spec: {
    template: {
      ...template,
      metadata: {
        ...template.metadata,
        labels: { ...template.metadata.labels, 'pod-template-hash': name.split('-').at(-1) },
      },
    },
  },
})

const shownPods = ({ uid, pods }: KeptReplicaSet) =>
  pods.map((name) => ({ metadata: { name, uid: name, ownerReferences: [{ uid }] }, status: { phase: 'Running' } }))

/** The few calls of a Kubernetes API that are made: deployments, their replica sets and pods, ConfigMaps. No labels but `app`. */
export const kubernetesService = ({ kubernetes }: { kubernetes: Kubernetes }): Service => {
  const parts = (request: IncomingMessage) => {
    const url = new URL(request.url ?? '/', 'http://cluster')
    const [, cluster = '', path = ''] = ROOT.exec(url.pathname) ?? []
    return { cluster, path, query: url.searchParams }
  }
  const outdated = (body: z.infer<typeof Patch>, resourceVersion: number): boolean =>
    body.some(({ path, value }) => path === '/metadata/resourceVersion' && value !== String(resourceVersion))

  const deployment = (method: string | undefined, cluster: string, key: string, body: Buffer): Reply => {
    const name = key.split('/')[1] ?? ''
    const found = method === 'GET' ? kubernetes.look(cluster, key) : kubernetes.deployments(cluster)[key]
    if (!found) return failure(404, 'NotFound', `deployments.apps "${name}" not found`)
    if (method === 'GET') return reply(200, shownDeployment(name, found))
    const patch = Patch.parse(JSON.parse(body.toString('utf8')))
    if (outdated(patch, found.resourceVersion))
      return failure(422, 'Invalid', 'the server rejected our request: test failed')
    const template = patch.find(({ path }) => path === '/spec/template')?.value as Template | undefined
    const replicas = patch.find(({ path }) => path === '/spec/replicas')?.value as number | undefined
    kubernetes.change(cluster, key, {
      ...(template === undefined ? {} : { template }),
      ...(replicas === undefined ? {} : { replicas }),
    })
    return reply(200, shownDeployment(name, kubernetes.deployments(cluster)[key] ?? found))
  }
  const configMap = (method: string | undefined, cluster: string, key: string, body: Buffer): Reply => {
    const found = kubernetes.configMap(cluster, key)
    if (!found) return failure(404, 'NotFound', `configmaps "${key.split('/')[1]}" not found`)
    if (method === 'PATCH') {
      const patch = Patch.parse(JSON.parse(body.toString('utf8')))
      if (outdated(patch, found.resourceVersion))
        return failure(422, 'Invalid', 'the server rejected our request: test failed')
      const data = patch.find(({ path }) => path === '/data')?.value as Record<string, string> | undefined
      if (data) kubernetes.changeConfigMap(cluster, key, data)
    }
    const { data, resourceVersion } = kubernetes.configMap(cluster, key) ?? found
    return reply(200, { kind: 'ConfigMap', metadata: { name: key, resourceVersion: String(resourceVersion) }, data })
  }
  const list = (cluster: string, namespace: string, kind: string, selector: string): Reply => {
    const owned = Object.entries(kubernetes.deployments(cluster)).filter(
      ([key, { template }]) => key.startsWith(`${namespace}/`) && selector === `app=${template.metadata.labels.app}`,
    )
    const items = owned.flatMap(([, one]): unknown[] =>
      kind === 'pods' ? one.replicaSets.flatMap(shownPods) : one.replicaSets.map((set) => shownReplicaSet(one, set)),
    )
    return reply(200, { kind: 'List', items })
  }
  return {
    name: 'kubernetes',
    matches: (request) => ROOT.test(request.url ?? ''),
    operation: (request) => {
      const { path } = parts(request)
      const what = DEPLOYMENT.test(path) ? 'Deployment' : CONFIG_MAP.test(path) ? 'ConfigMap' : 'List'
      return `${request.method === 'PATCH' ? 'Patch' : 'Get'}${what}`
    },
    key: (request) => parts(request).cluster,
    async handle(request, body) {
      if (!isAuthentic(request)) return failure(401, 'Unauthorized', 'Unauthorized')
      const { cluster, path, query } = parts(request)
      if (!kubernetes.has(cluster)) return failure(404, 'NotFound', 'no such cluster')
      const [, namespace = '', name = ''] = DEPLOYMENT.exec(path) ?? []
      if (name !== '') return deployment(request.method, cluster, `${namespace}/${name}`, body)
      const [, mapNamespace = '', map = ''] = CONFIG_MAP.exec(path) ?? []
      if (map !== '') return configMap(request.method, cluster, `${mapNamespace}/${map}`, body)
      const [, listed = '', kind = ''] = LISTED.exec(path) ?? []
      if (kind !== '') return list(cluster, listed, kind, query.get('labelSelector') ?? '')
      return failure(404, 'NotFound', 'the server could not find the requested resource')
    },
  }
}
