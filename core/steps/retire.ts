import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { writeJson } from '#core/json.ts'
import { printTable, type RetirementId } from '#core/names.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { retire as retireTables } from '#core/retire/retire.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const retire = defineStep({
  kind: 'retire',
  purpose: 'Moves the tables of the plan out of reach in one short transaction; nothing is destroyed.',
  event: inRun(z.strictObject({})),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const full = pathOf(plan, 'full')
    const { changed, retirement } = await mutating(run, plan, 'retire', ports, (session) =>
      retireTables(session, {
        plan: run.plan,
        retirement: run.incident as string as RetirementId,
        tables: full.retire,
        allow: full.allow,
        ...(full.ledger ? { ledger: full.ledger } : {}),
        clock: ports.clock,
        lockOptions: locksOfRun(run, plan, ports),
      }),
    )
    // The record of the database is the one that counts; this copy is for a day when the database is gone.
    await writeJson(ports.objects, keys.retirement(run.plan, retirement.id), retirement, { ifAbsent: true })
    const more = retirement.tables.length - full.retire.length
    const { ledger } = retirement
    const revision =
      ledger === undefined
        ? ''
        : ledger.before === ledger.after
          ? `; ${printTable(ledger.table)} said "${ledger.after}" before`
          : `; ${printTable(ledger.table)} from "${ledger.before}" to "${ledger.after}"`
    const tables = `${full.retire.map(printTable).join(', ')}${more > 0 ? ` and ${more} partitions and heirs` : ''}`
    return {
      changed,
      detail: changed
        ? `${tables} moved out of reach${revision}`
        : `${tables} retired at ${retirement.retiredAt}${revision}`,
      retirement: retirement.id,
    }
  },
})
