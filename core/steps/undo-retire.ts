import { z } from 'zod'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import type { RetirementId } from '#core/names.ts'
import { closeSetAside } from '#core/restore/set-aside.ts'
import { undoRetire as undo } from '#core/retire/undo.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const undoRetire = defineStep({
  kind: 'undo-retire',
  purpose: 'Moves retired tables back, with their grants, owners, keys, triggers and rules as they were.',
  event: inRun(z.strictObject({ restore: z.looseObject({ retirement: z.string() }) })),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const undone = await mutating(
      run,
      plan,
      'undo-retire',
      ports,
      async (session) => {
        const undone = await undo(session, {
          retirement: input.restore.retirement as RetirementId,
          clock: ports.clock,
          lockOptions: locksOfRun(run, plan, ports),
        })
        await closeSetAside(session, undone.retirement)
        return undone
      },
      // Validating the foreign keys reads the tables.
      { statementTimeout: 0 },
    )
    const notes = [
      ...undone.lostForeignKeys.map((lost) => `not given back: ${JSON.stringify(lost)}`),
      ...undone.lostDependents.map(({ object, why }) => `not given back: "${object}" ${why}`),
      ...undone.unvalidatedForeignKeys.map((key) => `not validated: ${JSON.stringify(key)}`),
      ...undone.lostRoles.map((role) => `role "${role}" is gone, and its privileges with it`),
    ]
    const done = undone.changed ? 'moved back' : 'back already'
    return {
      changed: undone.changed,
      detail: [`${undone.retirement.tables.length} tables ${done}`, ...notes].join('; '),
    }
  },
})
