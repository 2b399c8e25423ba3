import { type MeasuringOptions, measureNow } from '#cli/baseline/measure.ts'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { findPlan } from '#cli/plans.ts'
import { atPlace, environmentOf, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type Baseline, baselineExists, readBaseline, writeBaseline } from '#core/baseline/document.ts'
import { loadPlan } from '#core/plan/load.ts'
import { counted } from '#core/report/figures.ts'

export interface BaselineRecordOptions extends PlaceOptions, MeasuringOptions {
  readonly name: string
  readonly replace?: boolean
  readonly plans?: string
  readonly json?: boolean
}

const text = (baseline: Baseline, key: string): string => {
  const { bold, green, yellow } = colours(process.stdout)
  const { signals, timings, tables, unmeasured } = baseline
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return [
    `${bold(green('Recorded'))}: ${key}, ${counted(Object.keys(signals).length, 'signal')}, ${counted(Object.keys(timings).length, 'statement')} timed, ${counted(rows, 'row')} in ${counted(tables.length, 'table')}.`,
    ...Object.entries(unmeasured).map(([what, why]) => `${yellow('not measured')}  ${what}: ${why}`),
  ].join('\n')
}

/** `vector-rollback baseline record`: measures a plan while all is well, and keeps it under a name. */
export const baselineRecord = async (planName: string, options: BaselineRecordOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(planName, options.plans))
  const { name, replace, json } = options
  const taken = replace ? 'replace' : 'refuse'
  // Before the work, not after it.
  await atPlace(options, 'start', async ({ objects }) => {
    if (taken === 'refuse' && (await readBaseline(objects, plan.name, name))) throw baselineExists(plan.name, name)
  })
  const environment = environmentOf(options)
  const { measured, database } = await measureNow(plan, environment, options)
  return atPlace(options, 'start', async ({ objects }) => {
    const recordedAt = new Date().toISOString()
    const baseline: Baseline = { version: 1, plan: plan.name, name, environment, recordedAt, database, ...measured }
    const key = await writeBaseline(objects, baseline, taken)
    process.stdout.write(`${json ? JSON.stringify({ key, ...baseline }, null, 2) : text(baseline, key)}\n`)
    return EXIT.ok
  })
}
