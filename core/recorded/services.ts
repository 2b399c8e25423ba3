import { z } from 'zod'
import { canonicalJson } from '#core/json.ts'
import { stepsOfKind } from '#core/plan/every-step.ts'
import type { PlanFile } from '#core/plan/schema.ts'
import { placeWorkload, printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { Section } from '#core/recorded/section.ts'

const RecordedService = z.strictObject({
  version: z.string(),
  count: z.int().nullable(),
  label: z.string(),
  images: z.array(z.string()),
})
export type RecordedService = z.infer<typeof RecordedService>

/** By the workload, as it is printed. Templates are not kept: secrets can stand in them, and the platform has them. */
export const RecordedServices = z.record(z.string(), RecordedService)
export type RecordedServices = z.infer<typeof RecordedServices>

/** The workloads that a plan brings back, placed in an environment, each once. */
export const broughtBack = (plan: Pick<PlanFile, 'paths'>, environment: string): Workload[] => {
  const steps = [...stepsOfKind(plan, 'previous-version'), ...stepsOfKind(plan, 'scale')]
  const placed = steps.map(({ workload }) => placeWorkload(workload, environment))
  return [...new Map(placed.map((workload) => [canonicalJson(workload), workload])).values()]
}

/** The versions and counts of the workloads that the steps bring back. */
export const servicesSection: Section<RecordedServices> = {
  shape: RecordedServices,
  async read(plan, environment, { workloads }) {
    const wanted = broughtBack(plan, environment)
    if (wanted.length === 0) return null
    const read = wanted.map(async (workload): Promise<[string, RecordedService]> => {
      const { version, count } = await workloads.look(workload)
      const { label, images } = await workloads.version(workload, version)
      return [printWorkload(workload), { version, count, label, images: [...images] }]
    })
    return Object.fromEntries(await Promise.all(read))
  },
}
