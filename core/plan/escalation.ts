import { z } from 'zod'
import { Duration } from './duration.ts'
import { Name } from './vocabulary.ts'

/** Choices that the product can carry out; it writes their commands beside them. */
export const PREPARED = ['approve', 'deny', 'retry', 'close', 'hold', 'flag', 'partial', 'full', 'restore'] as const
export type Prepared = (typeof PREPARED)[number]

const Own = z.strictObject({
  do: z.string().min(1).describe('The choice in plain words: "Restore the cluster to a point in time".'),
  run: z.string().min(1).optional().describe('The command or the address by which it is done.'),
})

/** A rung of the ladder. `after` in milliseconds, from the moment since when people are waited for. */
const Rung = z.strictObject({
  after: Duration.describe('How long nobody has answered, or a path has been over its budget.'),
  tell: z.array(Name).min(1).describe('Roles to be told, as in contacts.'),
  alternatives: z
    .array(z.union([z.enum(PREPARED), Own]))
    .default([])
    .describe(
      'What they can choose: approve, deny, retry, close, hold (leave it contained), a path, or a choice of your own.',
    ),
})
export type Rung = z.output<typeof Rung>
export type Alternative = Rung['alternatives'][number]

export const Escalation = z
  .array(Rung)
  .default([])
  .describe('Who is told, and with which choices, when an answer does not come. It never approves anything.')
