import { z } from 'zod'
import { Duration } from './duration.ts'
import { exactlyOne } from './pattern.ts'
import { RestoreConfigInput, ThrottleInput } from './steps-config.ts'
import { MigrateInput } from './steps-migrate.ts'
import { RunCommandInput, WebhookInput } from './steps-outside.ts'
import { PreviousVersionInput, RestartInput, ScaleInput } from './steps-platform.ts'
import { CapacityInput, ParameterGroupInput, RdsSnapshotInput } from './steps-rds.ts'
import { CaptureInput, DrainInput, EarlierCapture, RowsToCapture } from './steps-rows.ts'
import { Name, Relation, SqlFile } from './vocabulary.ts'

export const DropIndexesInput = z
  .strictObject({
    indexes: z.array(Relation).min(1).describe('Indexes by schema and name. One that is absent already is fine.'),
  })
  .describe('Drops indexes concurrently, finishing drops that were interrupted before.')
export type DropIndexesInput = z.output<typeof DropIndexesInput>

export const RunSqlInput = z
  .strictObject({
    file: SqlFile.describe(
      'SQL file below the folder of the plan. Runs in one transaction unless its line 1 is --! no-transaction.',
    ),
    expect: z
      .strictObject({ rows: z.int().min(0).describe('Number of rows that the last statement returns or changes.') })
      .optional()
      .describe('What must be true of the result, else the step fails and rolls back.'),
    capture: RowsToCapture.optional(),
    earlier: EarlierCapture.optional(),
    'statement-timeout': Duration.optional().describe('Longest time of one statement; 30s when it is not given.'),
  })
  .refine(({ capture, earlier }) => capture !== undefined || earlier === undefined, {
    path: ['earlier'],
    message: 'Nothing is captured that could come from an earlier capture.',
    params: { fix: 'Add capture: the rows about to change, found by pg_temp.earlier.' },
  })
  .transform(({ 'statement-timeout': statementTimeout, ...rest }) => ({
    ...rest,
    ...(statementTimeout === undefined ? {} : { statementTimeout }),
  }))
  .describe('Runs an SQL file of the plan and stops at the first error.')
export type RunSqlInput = z.output<typeof RunSqlInput>

export const SetFlagInput = z
  .strictObject({
    flag: z.string().describe('Name of a flag of this plan.'),
    to: z.enum(['safe', 'on']).describe("Which of the flag's two values."),
  })
  .describe('Sets a flag of the plan and waits until the application obeys.')
export type SetFlagInput = z.output<typeof SetFlagInput>

export const VerifyInput = z
  .strictObject({ checks: z.array(Name).min(1).describe('Names of checks of this plan.') })
  .describe('Runs checks in the middle of a path; anything but pass stops it.')
export type VerifyInput = z.output<typeof VerifyInput>

/** What the steps of a path take, by kind. In YAML a step is a mapping of one key: its kind. */
export const STEP_INPUTS = {
  capacity: CapacityInput,
  capture: CaptureInput,
  drain: DrainInput,
  'drop-indexes': DropIndexesInput,
  migrate: MigrateInput,
  'parameter-group': ParameterGroupInput,
  'rds-snapshot': RdsSnapshotInput,
  'restore-config': RestoreConfigInput,
  'run-command': RunCommandInput,
  'run-sql': RunSqlInput,
  'set-flag': SetFlagInput,
  throttle: ThrottleInput,
  verify: VerifyInput,
  webhook: WebhookInput,
  'previous-version': PreviousVersionInput,
  restart: RestartInput,
  scale: ScaleInput,
} as const

export type StepKind = keyof typeof STEP_INPUTS
export const STEP_KINDS = Object.keys(STEP_INPUTS) as StepKind[]
export type StepInput<K extends StepKind> = z.output<(typeof STEP_INPUTS)[K]>

/** A step of a plan: its kind, and the input that the step of this kind takes. */
export type PlanStep = { [K in StepKind]: { readonly kind: K; readonly input: StepInput<K> } }[StepKind]

export const Step = z
  .strictObject(STEP_INPUTS)
  .partial()
  .superRefine(exactlyOne('This step', STEP_KINDS))
  .transform((step): PlanStep => {
    const kind = STEP_KINDS.find((one) => step[one] !== undefined)
    // The input is the one of this very kind, which the compiler cannot see.
    return kind === undefined ? z.NEVER : ({ kind, input: step[kind] } as PlanStep)
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'One step: a mapping of one key, its kind.' })
