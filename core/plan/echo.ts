import { z } from 'zod'
import { exactlyOne, pattern } from './pattern.ts'
import { DatabaseRole, Name, SqlFile } from './vocabulary.ts'

/** Where the consumers of a flag say what they see. */
export type Echo =
  | { readonly kind: 'sql'; readonly file: string; readonly as: string | null }
  | { readonly kind: 'http'; readonly service: string; readonly path: string }

export const EchoText = z
  .strictObject({
    sql: SqlFile.optional().describe(
      'SQL file with a single SELECT: a row for each consumer, with the columns consumer, value (what it sees; null: it does not say) and, where it says so, version (of the parameter).',
    ),
    as: DatabaseRole.optional().describe('Role that the statement runs as, such as the one of the application.'),
    http: z
      .strictObject({
        service: Name.describe('Name of a service of this plan.'),
        path: pattern(/^\/(?!\/)[^\s#\\{}]*$/, 'the path of a request', 'Start with one "/": /feature-flags.').describe(
          'Path that answers a GET with a JSON list: an object for each consumer, with the members consumer, value and version.',
        ),
      })
      .optional()
      .describe('A service that says it, in place of SQL.'),
  })
  .superRefine(exactlyOne('This echo', ['sql', 'http']))
  .superRefine(({ as, http }, context) => {
    if (as === undefined || http === undefined) return
    context.addIssue({
      code: 'custom',
      path: ['as'],
      message: 'A service is asked by no role of the database.',
      params: { fix: 'Remove as.' },
    })
  })
  .transform(
    ({ sql, as, http }): Echo => (http ? { kind: 'http', ...http } : { kind: 'sql', file: sql ?? '', as: as ?? null }),
  )
