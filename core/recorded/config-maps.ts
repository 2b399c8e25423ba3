import { z } from 'zod'
import { canonicalJson } from '#core/json.ts'
import { stepsOfKind } from '#core/plan/every-step.ts'
import type { PlanFile } from '#core/plan/schema.ts'
import { type ConfigMapPlace, placeConfigMap, printConfigMap } from '#core/plan/workloads.ts'
import type { Section } from '#core/recorded/section.ts'

/** Data by the ConfigMap, as it is printed. They hold no secrets: Kubernetes has another kind of object for those. */
export const RecordedConfigMaps = z.record(z.string(), z.record(z.string(), z.string()))
export type RecordedConfigMaps = z.infer<typeof RecordedConfigMaps>

/** The ConfigMaps that a plan puts back, placed in an environment, each once. */
export const restoredConfigMaps = (plan: Pick<PlanFile, 'paths'>, environment: string): ConfigMapPlace[] => {
  const places = stepsOfKind(plan, 'restore-config').flatMap(({ configmap }) =>
    configmap === undefined ? [] : [placeConfigMap(configmap, environment)],
  )
  return [...new Map(places.map((place) => [canonicalJson(place), place])).values()]
}

/** The data of the ConfigMaps that the steps put back. */
export const configMapsSection: Section<RecordedConfigMaps> = {
  shape: RecordedConfigMaps,
  async read(plan, environment, { configMaps }) {
    const places = restoredConfigMaps(plan, environment)
    if (places.length === 0) return null
    const read = places.map(async (place) => [printConfigMap(place), (await configMaps.read(place)).data] as const)
    return Object.fromEntries((await Promise.all(read)).map(([name, data]) => [name, { ...data }]))
  },
}
