import { type Explanation, explainDecision } from '#core/decide/explain.ts'
import type { Drilled } from '#core/decide/ladder.ts'
import { RollbackError } from '#core/errors.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import type { Circumstances } from '#core/plan/table.ts'
import type { Severity } from '#core/plan/vocabulary.ts'
import { colours, type Output } from './colours.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'

export interface PlanExplainOptions {
  readonly signal: string
  readonly severity?: Severity
  readonly state?: readonly string[]
  readonly environment?: string
  readonly plans?: string
  readonly json?: boolean
}

const usage = (message: string, fix: string) => new RollbackError('Usage.Invalid', message, { fix, category: 'usage' })

/** What `--state` may suppose, with the values that it takes. */
const KEYS = {
  change: 'recent, none or unknown',
  also: 'signals, by commas: also=cpu-high,memory-high',
  at: 'the time of day in UTC: at=02:30',
  drill: 'passed, none or unknown',
} as const
type Key = keyof typeof KEYS

const isKey = (text: string): text is Key => Object.hasOwn(KEYS, text)

const wrong = (key: Key, value: string) => usage(`"${key}=${value}" cannot be supposed.`, `Give ${KEYS[key]}.`)

const oneOf = <T extends string>(key: Key, value: string, known: readonly T[]): T => {
  const found = known.find((one) => one === value)
  if (found === undefined) throw wrong(key, value)
  return found
}

const suppositions = (state: readonly string[]): ReadonlyMap<Key, string> =>
  new Map(
    state.map((text): [Key, string] => {
      const [key = '', ...rest] = text.split('=')
      if (!isKey(key)) throw usage(`"${key}" is no circumstance.`, suggestion(key, Object.keys(KEYS)))
      if (rest.length === 0) throw usage(`"${text}" is not KEY=VALUE.`, `Give ${KEYS[key]}.`)
      return [key, rest.join('=')]
    }),
  )

const signalsOf = (plan: Plan, text: string): string[] => {
  const known = Object.keys(plan.signals)
  return text.split(',').map((name) => {
    if (known.includes(name)) return name
    throw usage(`"${name}" is not a signal of plan "${plan.name}".`, suggestion(name, known))
  })
}

const timeOf = (value: string, today: Date): string => {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(value)) throw wrong('at', value)
  return `${today.toISOString().slice(0, 10)}T${value}:00.000Z`
}

const drilledOf = (value: string, now: Date): Drilled => {
  const said = oneOf('drill', value, ['passed', 'none', 'unknown'])
  if (said === 'unknown') return 'unknown'
  if (said === 'none') return null
  return {
    plan: '',
    planDigest: '',
    path: 'flag',
    outcome: 'drill-passed',
    environment: '',
    incident: '',
    createdAt: now.toISOString(),
  }
}

/** What is not supposed is as on a good day: a recent change where the plan asks for one, a drill that passed, nothing else in ALARM. */
const supposed = (
  plan: Plan,
  state: readonly string[],
  now: Date,
): { circumstances: Circumstances; drilled: Drilled } => {
  const given = suppositions(state)
  const change = oneOf('change', given.get('change') ?? 'recent', ['recent', 'none', 'unknown'])
  const also = given.get('also')
  const at = given.get('at')
  return {
    circumstances: {
      change: plan.change === undefined ? 'off' : change,
      also: also === undefined || also === '' ? [] : signalsOf(plan, also),
      at: at === undefined ? now.toISOString() : timeOf(at, now),
    },
    drilled: drilledOf(given.get('drill') ?? 'passed', now),
  }
}

const explained = (explanation: Explanation, output: Output): string => {
  const { bold, dim } = colours(output)
  const { plan, signal, severity, row, path, rows, rungs, unknown } = explanation
  const head =
    row === null
      ? `${plan}: ${signal} (${severity}) leads to no row: nothing would be done.`
      : `${plan}: ${signal} (${severity}) leads to row ${row}, path ${path}.`
  const assumed = unknown.map((what) => `  taken for granted, since it is not known: ${what}`)
  const others = rows.map(({ number, when, path: to, taken, whyNot }) =>
    taken
      ? bold(`  row ${number}: this one`)
      : dim(`  row ${number} (${when.join(', ')}: ${to}): ${whyNot.join('; ')}`),
  )
  const ladder = rungs.flatMap(({ environment, effective, why, course }) => [
    `  ${bold(environment)}${environment === effective ? '' : `, in effect ${effective}`}: ${course.join('; then ')}.`,
    ...(environment === effective ? [] : [dim(`    ${why.join('; ')}`)]),
  ])
  return [
    bold(head),
    ...assumed,
    '',
    'Rows',
    ...others,
    ...(row === null ? [] : ['', 'In an environment set to', ...ladder]),
  ].join('\n')
}

/** `vector-rollback plan explain`: which row a signal leads to, and why no other. Asks no AWS account. */
export const planExplain = async (name: string, options: PlanExplainOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  const now = new Date()
  const explanation = explainDecision(plan, {
    signal: options.signal,
    severity: options.severity,
    ...supposed(plan, options.state ?? [], now),
    environment: options.environment ?? 'prod',
    now,
  })
  const text = options.json ? JSON.stringify(explanation, null, 2) : explained(explanation, process.stdout)
  process.stdout.write(`${text}\n`)
  return EXIT.ok
}
