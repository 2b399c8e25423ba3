import { z } from 'zod'
import { AgainstBaseline, BASELINE_EXPECT, type BaselineAsked } from './checks-baseline.ts'
import { HTTP_EXPECT, Http, type HttpAsked, httpExpectation } from './checks-http.ts'
import { METRIC_EXPECT, type MetricAsked, MetricFigure } from './checks-metric.ts'
import { exactlyOne, pattern } from './pattern.ts'
import { DatabaseRole, MOMENTS, SqlFile } from './vocabulary.ts'

/**
 * What a check's single SELECT must give.
 *
 * - `value`: one row of one column with this value (compared as text; `null` is SQL's null)
 * - `rows`: exactly that many rows
 * - `at-least`: one row of one column, a number not less
 * - `no-rows`: none
 * - `error`: this SQLSTATE, on a connection that answers `select 1` afterwards
 */
export type Expectation =
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'at-least'; readonly atLeast: number }
  | { readonly kind: 'no-rows' }
  | { readonly kind: 'error'; readonly sqlState: string }

const EXPECTATIONS = ['value', 'rows', 'at-least', 'no-rows', 'error'] as const

const SQL_EXPECT = {
  value: z
    .union([z.string(), z.number(), z.boolean(), z.null()])
    .optional()
    .describe('Of an SQL check: the single value of the single row.'),
  rows: z.int().min(0).optional().describe('Of an SQL check: the exact number of rows.'),
  'at-least': z
    .number()
    .optional()
    .describe('Of an SQL check: the single value of the single row is a number not less than this.'),
  'no-rows': z.literal(true).optional().describe('Of an SQL check: no row at all.'),
  error: z
    .string()
    .regex(/^[0-9A-Z]{5}$/)
    .optional()
    .describe('Of an SQL check: the SQLSTATE that the statement must fail with, such as 42P01 (undefined table).'),
} as const

const Expect = z
  .strictObject({ ...SQL_EXPECT, ...HTTP_EXPECT, ...METRIC_EXPECT, ...BASELINE_EXPECT })
  .meta({ minProperties: 1, description: 'What the answer must be. Each kind of check has its own keys.' })
type Expect = z.output<typeof Expect>

const sqlExpectation = (expect: Expect): Expectation => {
  if (expect.rows !== undefined) return { kind: 'rows', rows: expect.rows }
  if (expect['at-least'] !== undefined) return { kind: 'at-least', atLeast: expect['at-least'] }
  if (expect['no-rows'] !== undefined) return { kind: 'no-rows' }
  if (expect.error !== undefined) return { kind: 'error', sqlState: expect.error }
  return { kind: 'value', value: textOf(expect.value) }
}

const textOf = (value: string | number | boolean | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

const SCENARIO_MOMENT = pattern(
  /^partial\/[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
  'a scenario of the path partial',
  'Write partial/ and the name of the scenario.',
)

interface Common {
  readonly describe: string
  /** Moments, and scenarios as `partial/name`. */
  readonly after: readonly string[]
}
export type SqlCheck = Common & {
  readonly kind: 'sql'
  readonly file: string
  /** Role that the statement runs as; `null` is the role of the connection. */
  readonly as: string | null
  readonly expect: Expectation
}
export type FlagCheck = Common & { readonly kind: 'flag'; readonly flag: string; readonly is: 'safe' | 'on' }
export type HttpCheck = Common & HttpAsked & { readonly kind: 'http' }
export type MetricCheck = Common & MetricAsked & { readonly kind: 'metric' }
export type BaselineCheck = Common & BaselineAsked & { readonly kind: 'baseline' }
export type PlanCheck = SqlCheck | FlagCheck | HttpCheck | MetricCheck | BaselineCheck

const KINDS = ['sql', 'flag', 'http', 'metric', 'baseline'] as const
type Kind = (typeof KINDS)[number]

/** What may stand beside the key of each kind, and in its `expect`. */
const BESIDE: Readonly<Record<Kind, { keys: readonly string[]; expect: readonly string[]; fix: string }>> = {
  sql: {
    keys: ['as', 'expect'],
    expect: EXPECTATIONS,
    fix: `Give expect with exactly one of ${EXPECTATIONS.join(', ')}.`,
  },
  flag: { keys: ['is'], expect: [], fix: 'Give is: safe or is: on, and nothing else.' },
  http: { keys: ['expect'], expect: Object.keys(HTTP_EXPECT), fix: `Use ${Object.keys(HTTP_EXPECT).join(', ')}.` },
  metric: { keys: ['expect'], expect: Object.keys(METRIC_EXPECT), fix: 'Give expect with above, below or both.' },
  baseline: {
    keys: ['expect'],
    expect: Object.keys(BASELINE_EXPECT),
    fix: `Give expect with ${Object.keys(BASELINE_EXPECT).join(', ')} or both.`,
  },
}

type Given = Partial<Record<Kind | 'as' | 'is' | 'expect', unknown>>

/** Keys that belong to another kind of check, and those that are missing. */
const fitting = (check: Given, context: z.core.$RefinementCtx<unknown>): void => {
  const kind = KINDS.find((each) => check[each] !== undefined)
  if (kind === undefined) return
  const { keys, expect, fix } = BESIDE[kind]
  const stray = (['as', 'is', 'expect'] as const).find((key) => check[key] !== undefined && !keys.includes(key))
  const given = Object.keys((check.expect as object | undefined) ?? {})
  const foreign = given.find((key) => !expect.includes(key))
  const needed = kind === 'flag' ? check.is : kind === 'http' ? true : check.expect
  const say = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path, message, params: { fix }, continue: false })
  if (stray !== undefined) say([stray], `A check of the kind ${kind} has no ${stray}.`)
  else if (foreign !== undefined) say(['expect', foreign], `A check of the kind ${kind} expects no ${foreign}.`)
  else if (needed === undefined || (kind !== 'flag' && check.expect !== undefined && given.length === 0))
    say([], `This check of the kind ${kind} does not say what it expects.`)
  else if (kind === 'sql' && given.length > 1)
    say(['expect'], `This expectation has ${given.map((key) => `"${key}"`).join(' and ')}.`)
}

export const Check = z
  .strictObject({
    describe: z.string().min(1).describe('The promise in the words of an operator: what passing proves.'),
    sql: SqlFile.optional().describe('SQL file with a single SELECT.'),
    as: DatabaseRole.optional().describe('Role that the statement runs as, such as the one of the application.'),
    http: Http.optional(),
    metric: MetricFigure.optional(),
    baseline: AgainstBaseline.optional(),
    expect: Expect.optional(),
    flag: z.string().optional().describe('Name of a flag of this plan.'),
    is: z.enum(['safe', 'on']).optional().describe("Which of the flag's two values it must have."),
    after: z
      .array(z.union([z.enum(MOMENTS), SCENARIO_MOMENT]))
      .describe('The paths that it follows, or a scenario of one: partial/name. Empty: only where a step names it.'),
  })
  .superRefine(exactlyOne('This check', KINDS))
  .superRefine(fitting)
  .transform(({ describe, after, sql, as, http, metric, baseline, expect = {}, flag, is }): PlanCheck => {
    const common = { describe, after }
    if (sql !== undefined) return { ...common, kind: 'sql', file: sql, as: as ?? null, expect: sqlExpectation(expect) }
    if (flag !== undefined && is !== undefined) return { ...common, kind: 'flag', flag, is }
    if (http !== undefined) return { ...common, ...http, kind: 'http', expect: httpExpectation(expect) }
    const { above = null, below = null } = expect
    if (metric !== undefined) return { ...common, kind: 'metric', figure: metric, expect: { above, below } }
    const { 'at-most-percent': atMostPercent = null, 'at-least-percent': atLeastPercent = null } = expect
    if (baseline !== undefined)
      return { ...common, ...baseline, kind: 'baseline', expect: { atMostPercent, atLeastPercent } }
    return z.NEVER
  })
