import { RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Paths } from '#core/plan/paths.ts'

/** What a plan says of a path. Throws `Plan.NoSuchPath`. */
export const pathOf = <P extends keyof Paths>(plan: Plan, path: P): NonNullable<Paths[P]> => {
  const found = plan.paths[path]
  if (found) return found
  throw new RollbackError('Plan.NoSuchPath', `Plan "${plan.name}" has no path "${path}".`, {
    fix: `Choose one of ${Object.keys(plan.paths).join(', ')}.`,
    category: 'usage',
  })
}
