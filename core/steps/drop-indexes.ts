import { z } from 'zod'
import { requireMayChange } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import {
  dropConcurrently,
  type FoundIndex,
  findIndex,
  findLeftovers,
  isAmong,
  type Leftover,
} from '#core/indexes/drop.ts'
import { recordDroppedIndex } from '#core/indexes/dropped.ts'
import { printTable, type Table } from '#core/names.ts'
import { budgetOf } from '#core/plan/work-of.ts'
import { TableName } from '#core/snapshot/part.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const dropIndexes = defineStep({
  kind: 'drop-indexes',
  purpose: 'Drops indexes without making anybody wait, after it has recorded how to build them again.',
  event: inRun(z.strictObject({ indexes: z.array(TableName).min(1) })),
  needs: ['database', 'objects', 'plans', 'clock', 'signal', 'remaining'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const begun = ports.remaining()
    const longest = budgetOf(plan, run) ?? 600_000
    /** What is left for one more drop: of the path's budget, and of the function's time. */
    const budget = () => {
      const left = ports.remaining()
      return Math.max(1_000, Math.min(longest - (begun - left), left - 10_000))
    }
    return mutating(
      run,
      plan,
      'drop-indexes',
      ports,
      async (session) => {
        const notes: string[] = []
        let changed = false
        // All are looked at before the first is dropped: what is refused has changed nothing.
        const { tables } = plan.protects
        const looked: { index: Table; found: FoundIndex | null; leftovers: Leftover[] }[] = []
        for (const index of input.indexes) {
          const found = await findIndex(session, index, tables)
          const leftovers = (await findLeftovers(session, index)).filter(({ table }) => isAmong(tables, table))
          looked.push({ index, found, leftovers })
        }
        for (const { index, found, leftovers } of looked) {
          if (found) await recordDroppedIndex(ports.objects, run, found)
          const drop = [...(found ? [{ ...index, table: found.table }] : []), ...leftovers]
          for (const { table, ...one } of drop) {
            // The drop before may have waited for minutes.
            await requireMayChange(run, ports.objects)
            await dropConcurrently(session, one, { budget: budget(), table })
          }
          changed ||= drop.length > 0
          notes.push(`${printTable(index)} ${drop.length > 0 ? 'dropped' : 'is absent'}`)
        }
        return { changed, detail: notes.join(', '), waitSeconds: 0 }
      },
      { statementTimeout: 0 },
    )
  },
})
