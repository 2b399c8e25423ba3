import { z } from 'zod'
import { Duration } from './duration.ts'
import { SqlFile } from './vocabulary.ts'

export const RowsToCapture = SqlFile.describe(
  'SQL file with a single SELECT that has whole rows (a *): the rows about to change. They are in the evidence before anything changes, and stand in pg_temp.captured for the file, which changes no others.',
)

export const EarlierCapture = SqlFile.describe(
  'The capture of an earlier step of this path, by its SQL file: its rows stand in pg_temp.earlier.',
)

export const CaptureInput = z
  .strictObject({
    rows: SqlFile.describe('SQL file with a single SELECT that has whole rows (a *).'),
  })
  .describe('Writes rows into the evidence, once, before later steps change what they are found by. Changes nothing.')
export type CaptureInput = z.output<typeof CaptureInput>

export const DrainInput = z
  .strictObject({
    count: SqlFile.describe(
      'SQL file with a single SELECT of one row: numbers of what is still open, such as pending and processing.',
    ),
    within: Duration.describe('How long is waited, from the first look on, until all of them are 0.'),
    // biome-ignore lint/suspicious/noThenProperty: data of a plan, never awaited
    then: z
      .strictObject({
        capture: RowsToCapture,
        cancel: SqlFile.describe('SQL file that cancels the rows of pg_temp.captured, with the reason in them.'),
      })
      .optional()
      .describe('What is done with what is left then. Without it the step fails.'),
  })
  .refine(({ within }) => within > 0, {
    path: ['within'],
    message: 'A drain takes time.',
    params: { fix: 'Write how long is waited, such as 5m.' },
  })
  .describe('Waits until nothing is open any more; after its time cancels what is left, captured before.')
export type DrainInput = z.output<typeof DrainInput>
