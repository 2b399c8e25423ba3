import { z } from 'zod'
import { reading } from '#core/incident/session.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { snapshotPart as copyPart } from '#core/snapshot/snapshot-part.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const snapshotPart = defineStep({
  kind: 'snapshot-part',
  purpose: 'Streams one part of a retired table to the bucket, compressed, with its digests.',
  event: inRun(z.strictObject({ part: PartItem })),
  needs: ['database', 'objects', 'plans', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { changed, part } = await reading(
      run,
      plan,
      'snapshot-part',
      ports,
      (session) => copyPart(session, ports.objects, input.part, ports.signal),
      { statementTimeout: 0 },
    )
    return {
      changed,
      detail: `part ${part.index}: ${part.rows} rows, ${part.storedBytes} bytes`,
      progress: { bytes: part.rawBytes, rows: part.rows },
    }
  },
})
