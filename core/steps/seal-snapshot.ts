import { z } from 'zod'
import { mutating } from '#core/incident/session.ts'
import { sealSnapshot as seal } from '#core/snapshot/seal.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { requireRetirement } from '#core/steps/list-parts.ts'

export const sealSnapshot = defineStep({
  kind: 'seal-snapshot',
  purpose: 'Compares the parts with the tables and writes the manifest, last and once.',
  event: inRun(z.strictObject({ retirement: z.string() })),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const sealed = await mutating(
      run,
      plan,
      'seal-snapshot',
      ports,
      async (session) =>
        seal(session, ports.objects, {
          retirement: await requireRetirement(session, input.retirement),
          environment: ports.environment,
          database: ports.database.label,
          clock: ports.clock,
        }),
      { statementTimeout: 0 },
    )
    return {
      changed: sealed.changed,
      detail: `snapshot "${sealed.snapshot}" sealed: ${sealed.rows} rows, ${sealed.bytes} bytes`,
    }
  },
})
