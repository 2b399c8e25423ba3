import { type CHANGE_KINDS, type Change, EVERY_PLAN, recordChange } from '#core/decide/change.ts'
import { loadPlan } from '#core/plan/load.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'
import { atPlace, type PlaceOptions } from './snapshots/place.ts'

export interface ChangeOptions extends PlaceOptions {
  readonly plan: string
  readonly kind: (typeof CHANGE_KINDS)[number]
  readonly reference: string
  readonly plans?: string
  readonly json?: boolean
}

/** `vector-rollback change`: says that something was deployed, switched or migrated. */
export const change = async (options: ChangeOptions): Promise<ExitCode> => {
  const plan =
    options.plan === EVERY_PLAN ? EVERY_PLAN : (await loadPlan(await findPlan(options.plan, options.plans))).name
  const { kind, reference } = options
  const marker: Change = { plan, kind, reference, at: new Date().toISOString() }
  await atPlace(options, 'start', async ({ objects, label }) => {
    const key = await recordChange(objects, marker)
    const text = options.json
      ? JSON.stringify({ key, ...marker }, null, 2)
      : `${kind} "${reference}" of ${plan}: ${label}/${key}`
    process.stdout.write(`${text}\n`)
  })
  return EXIT.ok
}
