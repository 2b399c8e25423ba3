import { z } from 'zod'
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

const Expect = z
  .strictObject({
    value: z
      .union([z.string(), z.number(), z.boolean(), z.null()])
      .optional()
      .describe('The single value of the single row.'),
    rows: z.int().min(0).optional().describe('The exact number of rows.'),
    'at-least': z.number().optional().describe('The single value of the single row is a number not less than this.'),
    'no-rows': z.literal(true).optional().describe('No row at all.'),
    error: z
      .string()
      .regex(/^[0-9A-Z]{5}$/)
      .optional()
      .describe('The SQLSTATE that the statement must fail with, such as 42P01 (undefined table).'),
  })
  .superRefine(exactlyOne('This expectation', EXPECTATIONS))
  .transform((expect): Expectation => {
    if (expect.rows !== undefined) return { kind: 'rows', rows: expect.rows }
    if (expect['at-least'] !== undefined) return { kind: 'at-least', atLeast: expect['at-least'] }
    if (expect['no-rows'] !== undefined) return { kind: 'no-rows' }
    if (expect.error !== undefined) return { kind: 'error', sqlState: expect.error }
    return { kind: 'value', value: textOf(expect.value) }
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'What the SELECT must give.' })

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
export type PlanCheck = SqlCheck | FlagCheck

export const Check = z
  .strictObject({
    describe: z.string().min(1).describe('The promise in the words of an operator: what passing proves.'),
    sql: SqlFile.optional().describe('SQL file with a single SELECT.'),
    as: DatabaseRole.optional().describe('Role that the statement runs as, such as the one of the application.'),
    expect: Expect.optional(),
    flag: z.string().optional().describe('Name of a flag of this plan.'),
    is: z.enum(['safe', 'on']).optional().describe("Which of the flag's two values it must have."),
    after: z
      .array(z.union([z.enum(MOMENTS), SCENARIO_MOMENT]))
      .describe('The paths that it follows, or a scenario of one: partial/name. Empty: only where a step names it.'),
  })
  .superRefine(exactlyOne('This check', ['sql', 'flag']))
  .transform(({ describe, after, sql, as, expect, flag, is }, context): PlanCheck => {
    if (sql !== undefined && expect !== undefined && is === undefined) {
      return { kind: 'sql', describe, after, file: sql, as: as ?? null, expect }
    }
    if (flag !== undefined && is !== undefined && expect === undefined && as === undefined) {
      return { kind: 'flag', describe, after, flag, is }
    }
    context.addIssue({
      code: 'custom',
      message: sql === undefined ? 'A flag check has flag and is, nothing else.' : 'An SQL check has sql and expect.',
      params: { fix: sql === undefined ? 'Add is: safe or is: on; remove expect and as.' : 'Add expect; remove is.' },
    })
    return z.NEVER
  })
