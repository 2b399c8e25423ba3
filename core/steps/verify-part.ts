import { z } from 'zod'
import { PartContent } from '#core/snapshot/part.ts'
import { readWhole } from '#core/snapshot/verify.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const verifyPart = defineStep({
  kind: 'verify-part',
  purpose: 'Reads one part of a snapshot again and compares its digests with the manifest.',
  event: inRun(z.strictObject({ part: PartContent })),
  needs: ['objects', 'signal'],
  // There may be thousands: a line each that says "as it was" helps nobody. One that is not is recorded.
  record: 'changes',
  run: async ({ input: { part } }, { objects, signal }) => {
    await readWhole(objects, part, signal)
    return {
      changed: false,
      detail: `part ${part.index}: ${part.storedBytes} bytes as the manifest says`,
      progress: { bytes: part.storedBytes, rows: part.rows },
    }
  },
})
