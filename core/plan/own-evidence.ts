import { z } from 'zod'
import { DatabaseRole, SqlFile } from './vocabulary.ts'

/** What a plan wants to be kept of its own database, beside what is kept of every one. */
export const OwnEvidence = z
  .strictObject({
    describe: z.string().min(1).describe('What it shows, for whoever reads the evidence.'),
    sql: SqlFile.describe('SQL file with a single SELECT. Its rows are kept as they are: no secrets in them.'),
    as: DatabaseRole.optional().describe('Role that the statement runs as, such as the one of the application.'),
  })
  .transform(({ describe, sql, as }) => ({ describe, file: sql, as: as ?? null }))
export type OwnEvidence = z.output<typeof OwnEvidence>
