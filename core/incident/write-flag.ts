import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import type { FlagPath } from '#core/names.ts'
import type { Flag } from '#core/plan/schema.ts'
import type { Flags, Objects } from '#core/ports.ts'

/**
 * Writes a flag of a run, unless it has the value; resolves to whether it was written. A parameter has no compare-and-set, and a holder
 * that is paused before its write finds nobody who stops it. So the lease is read right before, and after an `on` once
 * more: one that came too late, into the containment of another run, is taken back by whoever wrote it.
 */
export const writeFlag = async (
  run: Run,
  {
    parameter,
    flag,
    to,
  }: { readonly parameter: FlagPath; readonly flag: Pick<Flag, 'safe' | 'on'>; readonly to: 'safe' | 'on' },
  { flags, objects }: { readonly flags: Flags; readonly objects: Objects },
): Promise<boolean> => {
  if ((await flags.read(parameter))?.value === flag[to]) return false
  await requireMayChange(run, objects)
  await flags.write(parameter, flag[to])
  if (to === 'safe') return true
  try {
    await requireMayChange(run, objects)
  } catch (error) {
    await flags.write(parameter, flag.safe)
    throw error
  }
  return true
}
