import { findIrreproducible } from '#core/ddl/inheritance.ts'
import { RollbackError } from '#core/errors.ts'
import type { Survey } from '#core/retire/survey.ts'

/** Throws `Retire.Refused` for heirs that a restore could not make as they are: nothing that a plan could allow. */
export function requireReproducible({ tables }: Pick<Survey, 'tables'>): void {
  const found = findIrreproducible(tables.map(({ definition }) => definition))
  if (found.length === 0) return
  throw new RollbackError('Retire.Refused', found.map(({ object, why }) => `"${object}" ${why}.`).join(' '), {
    fix: 'Take these tables out of the plan, or make the heirs anew with INHERITS: a backup could not bring them back as they are either.',
    category: 'refused',
  })
}
