import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'

/** The name that a baseline gets when none is given, and that `baseline: recorded` of a signal takes. */
export const RECORDED = 'recorded'

/** Of so many values; `samples` is at least 1. */
export const Spread = z.strictObject({ p50: z.number(), p95: z.number(), samples: z.int().positive() })
export type Spread = z.output<typeof Spread>

const Sized = z.strictObject({ schema: z.string(), name: z.string(), bytes: z.number() })

export const Measurement = z.strictObject({
  /** By signal: what it measures, in the unit of its measurement. */
  signals: z.record(z.string(), Spread),
  /** By file, and role where it has one: milliseconds that a statement took, as its client saw it. */
  timings: z.record(z.string(), Spread),
  tables: z.array(z.strictObject({ ...Sized.shape, rows: z.number(), indexes: z.array(Sized) })),
  /** The server's, as it prints them: `128MB`. */
  settings: z.record(z.string(), z.string()),
  /** What could not be measured, and why. */
  unmeasured: z.record(z.string(), z.string()),
})
export type Measurement = z.output<typeof Measurement>

/** `baselines/<plan>/<name>.json`: what was measured when all was well. Times in ISO 8601. */
export const Baseline = z.strictObject({
  version: z.literal(1),
  plan: z.string(),
  name: z.string(),
  environment: z.string(),
  recordedAt: z.string(),
  /** For people: host, port and name; `null` when only metrics were asked for. */
  database: z.string().nullable(),
  ...Measurement.shape,
})
export type Baseline = z.output<typeof Baseline>

const baselineKey = (plan: string, name: string): string => `baselines/${plan}/${name}.json`

/** What people type to record it. */
export const recordCommand = (plan: string, name: string): string =>
  `vector-rollback baseline record ${plan}${name === RECORDED ? '' : ` --name ${name}`}`

/** `null` when there is none. Throws `Baseline.Unreadable`. */
export const readBaseline = async (objects: Objects, plan: string, name: string): Promise<Baseline | null> => {
  const key = baselineKey(plan, name)
  const found = await readJson(objects, key)
  if (found === null) return null
  const read = Baseline.safeParse(found.value)
  if (read.success) return read.data
  throw new RollbackError('Baseline.Unreadable', `"${key}" is not a baseline: ${z.prettifyError(read.error)}.`, {
    fix: `Record it again: ${recordCommand(plan, name)} --replace.`,
    category: 'refused',
  })
}

/** Throws `Baseline.Exists` for a name that is taken, unless it is to be replaced. */
export const writeBaseline = async (
  objects: Objects,
  baseline: Baseline,
  taken: 'refuse' | 'replace',
): Promise<string> => {
  const { plan, name } = baseline
  const key = baselineKey(plan, name)
  const written = await writeJson(objects, key, baseline, taken === 'refuse' ? { ifAbsent: true } : undefined)
  if (written === null) throw baselineExists(plan, name)
  return key
}

export const baselineExists = (plan: string, name: string): RollbackError =>
  new RollbackError('Baseline.Exists', `Plan "${plan}" has a baseline "${name}".`, {
    fix: 'Record it under another --name, or add --replace: alarms are then compared with the new one.',
    category: 'refused',
  })
