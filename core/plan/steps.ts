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

export const STEP_KINDS = [
  'capacity',
  'capture',
  'drain',
  'drop-indexes',
  'migrate',
  'parameter-group',
  'rds-snapshot',
  'restore-config',
  'run-command',
  'run-sql',
  'set-flag',
  'throttle',
  'verify',
  'webhook',
  'previous-version',
  'restart',
  'scale',
] as const
export type StepKind = (typeof STEP_KINDS)[number]
export type StepInput<K extends StepKind> = z.output<(typeof STEP_INPUTS)[K]>

/** A step of a plan: its kind, and the input that the step of this kind takes. */
export type PlanStep = { [K in StepKind]: { readonly kind: K; readonly input: StepInput<K> } }[StepKind]

export const Step = z
  .strictObject({
    capacity: CapacityInput.optional(),
    capture: CaptureInput.optional(),
    drain: DrainInput.optional(),
    'drop-indexes': DropIndexesInput.optional(),
    migrate: MigrateInput.optional(),
    'parameter-group': ParameterGroupInput.optional(),
    'rds-snapshot': RdsSnapshotInput.optional(),
    'restore-config': RestoreConfigInput.optional(),
    'run-command': RunCommandInput.optional(),
    'run-sql': RunSqlInput.optional(),
    'set-flag': SetFlagInput.optional(),
    throttle: ThrottleInput.optional(),
    verify: VerifyInput.optional(),
    webhook: WebhookInput.optional(),
    'previous-version': PreviousVersionInput.optional(),
    restart: RestartInput.optional(),
    scale: ScaleInput.optional(),
  })
  .superRefine(exactlyOne('This step', STEP_KINDS))
  .transform((step): PlanStep => {
    if (step.capture !== undefined) return { kind: 'capture', input: step.capture }
    if (step.drain !== undefined) return { kind: 'drain', input: step.drain }
    if (step['drop-indexes'] !== undefined) return { kind: 'drop-indexes', input: step['drop-indexes'] }
    if (step.migrate !== undefined) return { kind: 'migrate', input: step.migrate }
    if (step.capacity !== undefined) return { kind: 'capacity', input: step.capacity }
    if (step['parameter-group'] !== undefined) return { kind: 'parameter-group', input: step['parameter-group'] }
    if (step['rds-snapshot'] !== undefined) return { kind: 'rds-snapshot', input: step['rds-snapshot'] }
    if (step['restore-config'] !== undefined) return { kind: 'restore-config', input: step['restore-config'] }
    if (step['run-command'] !== undefined) return { kind: 'run-command', input: step['run-command'] }
    if (step['run-sql'] !== undefined) return { kind: 'run-sql', input: step['run-sql'] }
    if (step['set-flag'] !== undefined) return { kind: 'set-flag', input: step['set-flag'] }
    if (step.throttle !== undefined) return { kind: 'throttle', input: step.throttle }
    if (step.verify !== undefined) return { kind: 'verify', input: step.verify }
    if (step.webhook !== undefined) return { kind: 'webhook', input: step.webhook }
    if (step['previous-version'] !== undefined) return { kind: 'previous-version', input: step['previous-version'] }
    if (step.restart !== undefined) return { kind: 'restart', input: step.restart }
    if (step.scale !== undefined) return { kind: 'scale', input: step.scale }
    return z.NEVER
  })
  .meta({ minProperties: 1, maxProperties: 1, description: 'One step: a mapping of one key, its kind.' })
