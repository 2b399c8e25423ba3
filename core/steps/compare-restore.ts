import { mutating } from '#core/incident/session.ts'
import { compareRestore as compare } from '#core/restore/compare.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

export const compareRestore = defineStep({
  kind: 'compare-restore',
  purpose: 'Compares rows and digests of the side tables with the manifest.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { tables } = await mutating(
      run,
      plan,
      'compare-restore',
      ports,
      (session) => compare(session, ports.objects, restoreInput(run, input, ports.environment)),
      { statementTimeout: 0 },
    )
    return { changed: false, detail: `${tables.length} tables are what the manifest says` }
  },
})
