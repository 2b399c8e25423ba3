import { mutating } from '#core/incident/session.ts'
import { prepareRestore as prepare } from '#core/restore/prepare.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

export const prepareRestore = defineStep({
  kind: 'prepare-restore',
  purpose: 'Makes bare tables in a side schema and lists the parts to load.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const prepared = await mutating(run, plan, 'prepare-restore', ports, (session) =>
      prepare(session, ports.objects, { ...restoreInput(run, input, ports.environment), createExtension: true }),
    )
    return {
      changed: prepared.changed,
      detail: `${prepared.count} parts, ${prepared.bytes} bytes to load`,
      progress: { total: prepared.bytes },
      loading: { parts: prepared.key },
    }
  },
})
