import { z } from 'zod'
import { planToChange } from '#core/incident/plan-to-change.ts'
import { digestOf } from '#core/json.ts'
import { placeWorkload, WorkloadEvent } from '#core/plan/workloads.ts'
import type { WorkloadState } from '#core/ports-platform.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { readFound, stepName, writeFound } from '#core/workloads/found.ts'
import { rollOut } from '#core/workloads/roll.ts'

const RESTART = 'RESTART'

export const restart = defineStep({
  kind: 'restart',
  purpose: 'Starts all of a service of ECS, a Lambda alias or a deployment of EKS anew, in the version that it has.',
  event: inRun(z.strictObject({ workload: WorkloadEvent, why: z.string(), within: z.number() })),
  needs: ['workloads', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    await planToChange(run, ports)
    const workload = placeWorkload(input.workload, ports.environment)
    const step = stepName(run, 'restart', input)
    const begin = async () => {
      const state = await ports.workloads.look(workload)
      return writeFound(run, step, { workload, state, versions: [], target: null }, ports)
    }
    const found = (await readFound(run, step, ports)) ?? (await begin())
    const mark = digestOf([run.incident, step]).slice(0, 20)
    // ECS keeps no marks: any rollout since the look before is one.
    const isThere = ({ marks, rollout }: WorkloadState): boolean =>
      workload.platform === 'ecs' ? rollout.id !== found.rollout : marks[RESTART] === mark
    const rolled = await rollOut(
      {
        run,
        step,
        workload,
        within: input.within,
        wanted: 'all of it started anew',
        isThere,
        start: () => ports.workloads.restart(workload, { marks: { [RESTART]: mark }, variables: {} }),
      },
      ports,
    )
    return { ...rolled, detail: input.why === '' ? rolled.detail : `${rolled.detail} (${input.why})` }
  },
})
