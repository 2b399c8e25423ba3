import { type MeasuringOptions, measureNow } from '#cli/baseline/measure.ts'
import { colours } from '#cli/colours.ts'
import { EXIT, type ExitCode } from '#cli/exit-codes.ts'
import { findPlan } from '#cli/plans.ts'
import { columns } from '#cli/snapshots/columns.ts'
import { atPlace, environmentOf, type PlaceOptions } from '#cli/snapshots/place.ts'
import { type Compared, compareWith } from '#core/baseline/compare.ts'
import { type Baseline, readBaseline, recordCommand } from '#core/baseline/document.ts'
import { RollbackError } from '#core/errors.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { count, moment, size } from '#core/report/figures.ts'

export interface BaselineCompareOptions extends PlaceOptions, MeasuringOptions {
  readonly name: string
  readonly plans?: string
  readonly json?: boolean
}

const rounded = (value: number): string => count(Number(value.toPrecision(4)))

const shown = (kind: Compared['kind'], value: number | string | null): string => {
  if (value === null) return '-'
  if (typeof value === 'string') return value
  if (kind === 'bytes') return size(value)
  return kind === 'time' ? `${rounded(value)} ms` : rounded(value)
}

const change = ({ recorded, measured, percent }: Compared): string => {
  if (percent !== null) return `${percent > 0 ? '+' : ''}${Number(percent.toFixed(1))}%`
  if (recorded === measured) return 'same'
  if (recorded === null) return 'new'
  return measured === null ? 'gone' : 'changed'
}

const limitText = ({ limit }: Compared): string => {
  if (limit === null) return '-'
  return 'above' in limit ? `at most ${rounded(limit.above)}` : `at least ${rounded(limit.below)}`
}

const text = (plan: Plan, before: Baseline, compared: readonly Compared[]): string => {
  const { bold, red, green } = colours(process.stdout)
  const bad = compared.filter(({ verdict }) => verdict !== 'within')
  const head = ['', 'WHAT', 'THEN', 'NOW', 'CHANGE', 'LIMIT', '']
  const [first = '', ...rows] = columns([
    head,
    ...compared.map((one) => [
      one.kind,
      one.what,
      shown(one.kind, one.recorded),
      shown(one.kind, one.measured),
      change(one),
      limitText(one),
      one.verdict === 'within' ? '' : one.verdict.toUpperCase(),
    ]),
  ])
  const end =
    bad.length === 0
      ? bold(green('Within every limit.'))
      : bold(red(`Not within their limits: ${bad.map(({ what, verdict }) => `${what} (${verdict})`).join(', ')}.`))
  return [
    `${plan.name} now, beside baseline "${before.name}" of ${moment(before.recordedAt)} (${before.database ?? 'metrics'}):`,
    bold(first),
    ...rows,
    end,
  ].join('\n')
}

/** `vector-rollback baseline compare`: measures again. Resolves to 3 when a signal is beyond its limit, or unknown. */
export const baselineCompare = async (planName: string, options: BaselineCompareOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(planName, options.plans))
  const { name, json } = options
  const before = await atPlace(options, 'look', ({ objects }) => readBaseline(objects, plan.name, name))
  if (before === null)
    throw new RollbackError('Baseline.Missing', `Plan "${plan.name}" has no baseline "${name}".`, {
      fix: `Record it while all is well: ${recordCommand(plan.name, name)}.`,
      category: 'usage',
    })
  const { measured } = await measureNow(plan, environmentOf(options), options)
  const compared = compareWith(plan, before, measured)
  const exceeded = compared.filter(({ verdict }) => verdict !== 'within').length
  const document = {
    ...{ plan: plan.name, name, environment: before.environment, recordedAt: before.recordedAt },
    compared,
    unmeasured: measured.unmeasured,
  }
  process.stdout.write(`${json ? JSON.stringify(document, null, 2) : text(plan, before, compared)}\n`)
  return exceeded === 0 ? EXIT.ok : EXIT.refused
}
