import { mutating } from '#core/incident/session.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

export const addConstraints = defineStep({
  kind: 'add-constraints',
  purpose: 'Adds keys and checks to the loaded side tables.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { changed } = await mutating(
      run,
      plan,
      'add-constraints',
      ports,
      (session) => finishLoad(session, ports.objects, restoreInput(run, input, ports.environment)),
      { statementTimeout: 0 },
    )
    return { changed, detail: 'keys and checks are in place' }
  },
})
