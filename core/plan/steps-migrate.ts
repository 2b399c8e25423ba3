import { z } from 'zod'
import { Duration } from './duration.ts'
import { pattern } from './pattern.ts'
import { Relation, SqlFile } from './vocabulary.ts'

/** Alembic's own rule for names, without the words that mean another revision tomorrow. */
const Revision = pattern(
  /^(?!(head|heads|base|current)$)[A-Za-z0-9_.]+$/,
  'an absolute revision',
  'Write the revision itself, as it stands in the ledger. A relative one, such as -1, undoes a second one when it is run again.',
)

const Column = z
  .string()
  .min(1)
  .default('version_num')
  .describe('The column of the ledger that has the revision; version_num, as Alembic has it, when it is not given.')

const From = z
  .array(Revision)
  .min(1)
  .describe('The revisions that may be undone. The database at any other is refused.')

const To = Revision.describe('The revision that the ledger says afterwards. Said already: nothing is left to move.')

const leadsSomewhere = (
  { from, to }: { readonly from: readonly string[]; readonly to: string },
  context: z.RefinementCtx,
): void => {
  if (!from.includes(to)) return
  context.addIssue({
    code: 'custom',
    path: ['to'],
    message: `"${to}" is undone and reached at the same time.`,
    params: { fix: 'Name the revision before those that are undone.' },
  })
}

/** What a retirement does with the ledger. */
export const RetiredLedger = z
  .strictObject({
    table: Relation.describe('The table of the migration tool, such as public.alembic_version.'),
    column: Column,
    from: From,
    to: To,
  })
  .superRefine(leadsSomewhere)
  .describe(
    'The migration ledger: moved in the transaction that retires the tables, and back in the one that restores them.',
  )

export const MigrateInput = z
  .strictObject({
    ledger: Relation.describe('The table of the migration tool, such as public.alembic_version.'),
    column: Column,
    from: From,
    to: To,
    file: SqlFile.describe('SQL file with what the migration undoes; in one transaction with the ledger.'),
    locks: z
      .array(Relation)
      .default([])
      .describe('Tables that the file alters: locked first, in tries that make nobody wait longer than the budget.'),
    gone: z
      .array(Relation)
      .default([])
      .describe('Relations that must not be there afterwards. Where they are, it is all undone.'),
    'statement-timeout': Duration.optional().describe('Longest time of one statement; 30s when it is not given.'),
  })
  .superRefine(leadsSomewhere)
  .transform(({ 'statement-timeout': statementTimeout, ...rest }) => ({
    ...rest,
    ...(statementTimeout === undefined ? {} : { statementTimeout }),
  }))
  .describe('Undoes a migration to an absolute revision: its SQL file and the ledger in one transaction.')
export type MigrateInput = z.output<typeof MigrateInput>
