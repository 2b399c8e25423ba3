import { requireApproval } from '#core/approval/approval.ts'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { closeRebuilt } from '#core/indexes/dropped.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { describeSetAside } from '#core/restore/set-aside.ts'
import { swapIn as swap } from '#core/restore/swap-in.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { FromSnapshot, restoreInput } from '#core/steps/from-snapshot.ts'

export const swapIn = defineStep({
  kind: 'swap-in',
  purpose: 'Moves the compared tables to their places in one short transaction.',
  event: inRun(FromSnapshot),
  needs: ['database', 'objects', 'plans', 'clock', 'environment', 'approvalKey', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { approve } = pathOf(plan, 'restore').reEnable
    const swapped = await mutating(run, plan, 'swap-in', ports, async (session) => {
      // A task token alone is never enough: the record of the approval is, for exactly what is set aside now.
      const subject = await describeSetAside(session, ports.objects, restoreInput(run, input, ports.environment))
      if (subject && subject.rows > 0) await requireApproval(run, { purpose: 'replace', subject, approve }, ports)
      const result = await swap(session, ports.objects, {
        ...restoreInput(run, input, ports.environment),
        clock: ports.clock,
        locks: locksOfRun(run, plan, ports),
        ledgerDrift: input.restore.acceptDrift === true ? 'accepted' : 'refused',
      })
      await closeRebuilt(session, ports.objects, run.plan)
      return result
    })
    const rows = swapped.tables.reduce((sum, table) => sum + table.rows, 0)
    const notes = [
      ...swapped.unvalidated.map(
        ({ foreignKey, table, why }) => `"${foreignKey}" of ${table} is not validated: ${why}`,
      ),
      ...swapped.unrefreshed.map(({ view, why }) => `materialized view ${view} is without data: ${why}`),
    ]
    return {
      changed: swapped.changed,
      detail: [`${swapped.tables.length} tables, ${rows} rows in place`, ...notes].join('; '),
    }
  },
})
