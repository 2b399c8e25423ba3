import { z } from 'zod'
import { mutating } from '#core/incident/session.ts'
import { loadPart as load } from '#core/restore/load-part.ts'
import { RestoreItem } from '#core/restore/part.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const loadPart = defineStep({
  kind: 'load-part',
  purpose: 'Loads one part into its side table, compared with the manifest while it streams.',
  event: inRun(z.strictObject({ part: RestoreItem })),
  needs: ['database', 'objects', 'plans', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { changed, rows } = await mutating(
      run,
      plan,
      'load-part',
      ports,
      (session) => load(session, ports.objects, input.part, ports.signal),
      { statementTimeout: 0, lock: 'shared' },
    )
    return {
      changed,
      detail: `part ${input.part.part.index}: ${rows} rows`,
      progress: { bytes: input.part.part.storedBytes, rows },
    }
  },
})
