import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { mutating } from '#core/incident/session.ts'
import type { RetirementId } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { findRetirement } from '#core/retire/records.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** Throws `Snapshot.NotRetired`: only what no one can write is snapshotted. */
export const requireRetirement = async (session: Session, id: string): Promise<Retirement> => {
  const retirement = await findRetirement(session, id as RetirementId)
  if (retirement) return retirement
  throw new RollbackError('Snapshot.NotRetired', `The database knows no retirement "${id}".`, {
    fix: 'Start the full path again: it retires first.',
    category: 'refused',
  })
}

export const listParts = defineStep({
  kind: 'list-parts',
  purpose: 'Cuts the retired tables into parts that one function can copy, and writes the list to the bucket.',
  event: inRun(z.strictObject({ retirement: z.string() })),
  needs: ['database', 'objects', 'plans', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const parts = await mutating(run, plan, 'list-parts', ports, async (session) =>
      planParts(session, ports.objects, {
        retirement: await requireRetirement(session, input.retirement),
        partBytes: plan.snapshot.partBytes,
      }),
    )
    return {
      changed: parts.changed,
      detail: `${parts.count} parts`,
      progress: { total: parts.bytes || null },
      snapshot: { id: parts.snapshot, retirement: input.retirement, parts: parts.key },
    }
  },
})
