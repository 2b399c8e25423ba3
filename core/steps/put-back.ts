import { z } from 'zod'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { dropCopies, putBack as undoSetAside } from '#core/restore/put-back.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

export const putBack = defineStep({
  kind: 'put-back',
  purpose: 'Moves back what was set aside for a snapshot that may not take its place.',
  // Who said no wants no copies; who did not answer in time may still say yes, and need not wait for the load again.
  event: inRun(FromSnapshot.extend({ copies: z.enum(['keep', 'drop']) })),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const restore = restoreInput(run, input, ports.environment)
    const { undone, dropped } = await mutating(
      run,
      plan,
      'put-back',
      ports,
      async (session) => {
        const lockOptions = locksOfRun(run, plan, ports)
        const undone = await undoSetAside(session, ports.objects, { ...restore, clock: ports.clock, lockOptions })
        // Validating the foreign keys of what is back took a while.
        await lockOptions.guard?.()
        return { undone, dropped: input.copies === 'drop' && (await dropCopies(session, ports.objects, restore)) }
      },
      // Validating the foreign keys reads the tables.
      { statementTimeout: 0 },
    )
    const notes = undone.flatMap(({ lostForeignKeys, unvalidatedForeignKeys, lostRoles }) => [
      ...lostForeignKeys.map((lost) => `not given back: ${JSON.stringify(lost)}`),
      ...unvalidatedForeignKeys.map((key) => `not validated: ${JSON.stringify(key)}`),
      ...lostRoles.map((role) => `role "${role}" is gone, and its privileges with it`),
    ])
    const tables = undone.reduce((sum, { retirement }) => sum + retirement.tables.length, 0)
    const copies = dropped ? ['the copies of the snapshot are dropped'] : []
    return {
      changed: undone.length > 0 || dropped,
      detail: [tables > 0 ? `${tables} tables moved back` : 'nothing is set aside', ...copies, ...notes].join('; '),
    }
  },
})
