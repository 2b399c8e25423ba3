import { mutating } from '#core/incident/session.ts'
import { compareRestore as compare } from '#core/restore/compare.ts'
import { PIECE_BYTES } from '#core/restore/digest-pieces.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

/** Twice what a piece takes where the database reads slowly. */
const FOR_A_PIECE_MS = 300_000

export const compareRestore = defineStep({
  kind: 'compare-restore',
  purpose: 'Compares rows and digests of the side tables with the manifest.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'environment', 'signal', 'remaining'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const pacing = { bytes: PIECE_BYTES, mayGoOn: () => ports.remaining() > FOR_A_PIECE_MS }
    const { tables, finished } = await mutating(
      run,
      plan,
      'compare-restore',
      ports,
      (session) => compare(session, ports.objects, restoreInput(run, input, ports.environment), pacing),
      { statementTimeout: 0 },
    )
    // Asked again at once: nothing goes on meanwhile.
    if (!finished)
      return { changed: false, detail: `${tables.length} tables, and not the last rows of it yet`, again: true }
    return { changed: false, detail: `${tables.length} tables are what the manifest says`, again: false }
  },
})
