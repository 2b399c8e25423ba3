import { LIMITS, type Limits } from '#aws/clients.ts'
import { isOutdated, kubernetes, rejected } from '#aws/kubernetes.ts'
import { RollbackError } from '#core/errors.ts'
import { type ConfigMapPlace, printConfigMap } from '#core/plan/workloads.ts'
import type { ConfigMaps } from '#core/ports-platform.ts'

interface ConfigMap {
  readonly metadata: { readonly resourceVersion: string }
  readonly data?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

const pathOf = ({ namespace, name }: ConfigMapPlace): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`

/** ConfigMaps, through the API of their cluster. Binary data stays as it is. */
export const eksConfigMaps = (limits: Limits = LIMITS): ConfigMaps => {
  const api = kubernetes(limits)
  const find = async (place: ConfigMapPlace): Promise<ConfigMap> => {
    const doing = `Reading ${printConfigMap(place)}`
    const answer = await api.call({ cluster: place.cluster, method: 'GET', path: pathOf(place), doing })
    if (answer.status === 404)
      throw new RollbackError('Workload.Missing', `There is no ${printConfigMap(place)}.`, {
        fix: 'Correct the names in the plan, or the environment that it runs in.',
        category: 'usage',
      })
    if (answer.status !== 200) throw rejected(doing, answer)
    return answer.body as ConfigMap
  }
  return {
    async read(place) {
      const { data = {}, metadata } = await find(place)
      return { data, version: metadata.resourceVersion }
    },
    async write(place, data, version) {
      if ((await find(place)).immutable)
        throw new RollbackError('ConfigMap.Immutable', `${printConfigMap(place)} is immutable.`, {
          fix: 'Have the deployment mount another ConfigMap: previous-version brings that back.',
          category: 'refused',
        })
      const doing = `Writing ${printConfigMap(place)}`
      const body = [
        { op: 'test', path: '/metadata/resourceVersion', value: version },
        // Also where there was no data at all.
        { op: 'add', path: '/data', value: data },
      ]
      const answer = await api.call({ cluster: place.cluster, method: 'PATCH', path: pathOf(place), body, doing })
      if (isOutdated(answer)) return false
      if (answer.status !== 200) throw rejected(doing, answer)
      return true
    },
  }
}
