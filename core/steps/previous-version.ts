import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { RECORDED } from '#core/plan/steps-platform.ts'
import { placeWorkload, printWorkload, type Workload, WorkloadEvent } from '#core/plan/workloads.ts'
import type { Objects } from '#core/ports.ts'
import type { WorkloadState, Workloads } from '#core/ports-platform.ts'
import { notLookedAt, recordedFor } from '#core/recorded/choose.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { requireCompatible } from '#core/workloads/compatible.ts'
import { type Found, readFound, stepName, writeFound } from '#core/workloads/found.ts'
import { rollOut } from '#core/workloads/roll.ts'

const Input = z.strictObject({ workload: WorkloadEvent, to: z.string(), within: z.number() })

/** Where it goes. What was recorded is looked up on the platform as well: it may have forgotten it. */
const targetOf = async (
  run: Run,
  plan: Plan,
  { workload, to }: { readonly workload: Workload; readonly to: string },
  { workloads, objects }: { readonly workloads: Workloads; readonly objects: Objects },
): Promise<NonNullable<Found['target']>> => {
  if (to !== RECORDED) return { ...plain(await workloads.version(workload, to)), count: null }
  const recorded = await recordedFor(run, plan, objects)
  const service = recorded.record.services?.[printWorkload(workload)]
  if (!service) throw notLookedAt(printWorkload(workload), recorded)
  return { ...plain(await workloads.version(workload, service.version)), count: service.count }
}

const plain = ({ version, label, images }: Awaited<ReturnType<Workloads['version']>>) => ({
  version,
  label,
  images: [...images],
})

export const previousVersion = defineStep({
  kind: 'previous-version',
  purpose:
    'Brings a service of ECS, a Lambda alias or a deployment of EKS back to a version and count, once that version works with what else runs.',
  event: inRun(Input),
  needs: ['workloads', 'flags', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await planToChange(run, ports)
    const workload = placeWorkload(input.workload, ports.environment)
    const step = stepName(run, 'previous-version', input)
    const earlier = await readFound(run, step, ports)
    const begin = async (): Promise<Found> => {
      const target = await targetOf(run, plan, { workload, to: input.to }, ports)
      await requireCompatible(plan, workload, target, ports)
      const state = await ports.workloads.look(workload)
      const versions = (await ports.workloads.versions(workload)).map(plain)
      return writeFound(run, step, { workload, state, versions, target }, ports)
    }
    const found = earlier ?? (await begin())
    const { target } = found
    if (!target)
      throw new RollbackError('Recorded.Unreadable', `The record "${step}" has no target.`, {
        fix: 'Look who wrote it.',
      })
    // Asked each time: what else runs may have changed while this one rolled.
    const clients = await requireCompatible(plan, workload, target, ports)
    // Version and count go in one call. Where the version stays, the count alone says whether it was made.
    const isThere = ({ version, count }: WorkloadState): boolean =>
      version === target.version &&
      (target.count === null || target.count === count || found.version !== target.version)
    const rolled = await rollOut(
      {
        run,
        step,
        workload,
        within: input.within,
        wanted: target.label,
        isThere,
        start: () => ports.workloads.deploy(workload, target.version, target.count),
      },
      ports,
    )
    const images = target.images.length > 0 ? ` (${target.images.join(', ')})` : ''
    const warning = clients === null ? '' : `; clients: ${clients}`
    return { ...rolled, detail: `${rolled.detail}${images}, was "${found.version}"${warning}` }
  },
})
