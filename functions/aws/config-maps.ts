import { LIMITS, type Limits } from '#aws/clients.ts'
import { kubernetes, rejected } from '#aws/kubernetes.ts'
import { RollbackError } from '#core/errors.ts'
import { type ConfigMapPlace, printConfigMap } from '#core/plan/workloads.ts'
import type { ConfigMaps } from '#core/ports-platform.ts'

interface ConfigMap {
  readonly metadata: { readonly resourceVersion: string }
  readonly data?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

const missing = (place: ConfigMapPlace): RollbackError =>
  new RollbackError('Workload.Missing', `There is no ${printConfigMap(place)}.`, {
    fix: 'Correct the names in the plan, or the environment that it runs in.',
    category: 'usage',
  })

const pathOf = ({ namespace, name }: ConfigMapPlace): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`

/** ConfigMaps, through the API of their cluster. Binary data stays as it is. */
export const eksConfigMaps = (limits: Limits = LIMITS): ConfigMaps => {
  const find = async (place: ConfigMapPlace, api = kubernetes(limits)): Promise<ConfigMap> => {
    const doing = `Reading ${printConfigMap(place)}`
    const answer = await api.call({ cluster: place.cluster, method: 'GET', path: pathOf(place), doing })
    if (answer.status === 404) throw missing(place)
    if (answer.status !== 200) throw rejected(doing, answer)
    return answer.body as ConfigMap
  }
  return {
    async read(place) {
      const { data = {}, metadata } = await find(place)
      return { data, version: metadata.resourceVersion }
    },
    async write(place, data, version) {
      const api = kubernetes(limits)
      if ((await find(place, api)).immutable)
        throw new RollbackError('ConfigMap.Immutable', `${printConfigMap(place)} is immutable.`, {
          fix: 'Have the deployment mount another ConfigMap: previous-version brings that back.',
          category: 'refused',
        })
      const patched = await api.patch({
        cluster: place.cluster,
        path: pathOf(place),
        resourceVersion: version,
        // Also where there was no data at all.
        changes: [{ op: 'add', path: '/data', value: data }],
        doing: `Writing ${printConfigMap(place)}`,
      })
      if (patched === 'missing') throw missing(place)
      return patched === 'patched'
    },
  }
}
