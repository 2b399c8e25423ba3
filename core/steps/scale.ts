import { z } from 'zod'
import { planToChange } from '#core/incident/plan-to-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { RECORDED } from '#core/plan/steps-platform.ts'
import { placeWorkload, printWorkload, type Workload, WorkloadEvent } from '#core/plan/workloads.ts'
import type { Objects } from '#core/ports.ts'
import { notLookedAt, recordedFor } from '#core/recorded/choose.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { type Found, readFound, stepName, writeFound } from '#core/workloads/found.ts'
import { rollOut } from '#core/workloads/roll.ts'

const countFor = async (
  run: Run,
  plan: Plan,
  { workload, to }: { readonly workload: Workload; readonly to: 0 | typeof RECORDED },
  objects: Objects,
): Promise<number> => {
  if (to === 0) return 0
  const recorded = await recordedFor(run, plan, objects)
  const count = recorded.record.services?.[printWorkload(workload)]?.count
  if (count === undefined || count === null) throw notLookedAt(printWorkload(workload), recorded)
  return count
}

export const scale = defineStep({
  kind: 'scale',
  purpose: 'Takes a service of ECS or a deployment of EKS to nothing, or back to the count from before the change.',
  event: inRun(
    z.strictObject({
      workload: WorkloadEvent,
      to: z.union([z.literal(0), z.literal(RECORDED)]),
      within: z.number(),
    }),
  ),
  needs: ['workloads', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await planToChange(run, ports)
    const workload = placeWorkload(input.workload, ports.environment)
    const step = stepName(run, 'scale', input)
    const begin = async (): Promise<Found> => {
      const count = await countFor(run, plan, { workload, to: input.to }, ports.objects)
      const state = await ports.workloads.look(workload)
      const { version } = state
      const target = { version, label: version, images: [], count }
      return writeFound(run, step, { workload, state, versions: [], target }, ports)
    }
    const found = (await readFound(run, step, ports)) ?? (await begin())
    const count = found.target?.count ?? 0
    const rolled = await rollOut(
      {
        run,
        step,
        workload,
        within: input.within,
        wanted: count === 0 ? 'nothing' : `a count of ${count}`,
        isThere: (state) => state.count === count,
        start: () => ports.workloads.scale(workload, count),
      },
      ports,
    )
    return { ...rolled, detail: `${rolled.detail}; the count was ${found.count}` }
  },
})
