import { findRows } from '#core/capture/change.ts'
import { digestOfCaptured, keepCaptured } from '#core/capture/keep.ts'
import { printCapture, readCaptures } from '#core/capture/record.ts'
import { reading } from '#core/incident/session.ts'
import { CaptureInput } from '#core/plan/steps-rows.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const capture = defineStep({
  kind: 'capture',
  purpose: 'Writes rows into the evidence before later steps change what they are found by.',
  event: inRun(CaptureInput),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input: { rows: file } }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const [before] = await readCaptures(ports.objects, run.incident, file)
    // What was seen first counts: by now, other steps may have changed the rows.
    if (before) return { changed: false, detail: `${printCapture(before)}, before`, waitSeconds: 0 }
    const kept = await reading(run, plan, 'capture', ports, (session) =>
      session.transaction(
        async () => {
          await findRows(session, plan, run, { capture: file }, ports)
          return keepCaptured(session, run, file, await digestOfCaptured(session), ports)
        },
        { isolation: 'repeatable read' },
      ),
    )
    return { changed: false, detail: printCapture(kept), waitSeconds: 0 }
  },
})
