import { z } from 'zod'
import { Duration } from './duration.ts'
import { Ramp } from './ramp.ts'
import { Step } from './steps.ts'
import { RetiredLedger } from './steps-migrate.ts'
import { ApproveOrNobody, ApproveText, CatalogueObjectName, Name, Relation } from './vocabulary.ts'

const Budget = Duration.describe(
  'The longest time that this path may take; the report compares it with the actual one.',
)

const Purge = z
  .strictObject({
    after: Duration.describe('How long retired tables are kept before they may be destroyed. 0s asks at once.'),
    approve: ApproveOrNobody.describe(
      'Who must approve the destruction: one person of each role of a list, or { roles, people }. Two people at least. An empty list, with after: 0s, only for environments that are marked disposable; nothing is purged in any other.',
    ),
    within: Duration.describe('How long the question stays open. Then containment is kept and it escalates.'),
    extension: z.enum(['keep', 'drop']).describe('Whether the extension is dropped as well, without cascade.'),
  })
  .superRefine(({ after, approve }, context) => {
    if (approve.people > 0 || after === 0) return
    context.addIssue({
      code: 'custom',
      path: ['approve'],
      message: 'Nobody approves this purge.',
      params: { fix: 'Name the roles that approve it. Only after: 0s, for a disposable environment, goes without.' },
    })
  })
  .describe('The only destruction there is: of retired tables whose snapshot is verified.')

export const Paths = z
  .strictObject({
    flag: z.strictObject({ budget: Budget }).describe('Sets the flags to their safe values, nothing else.'),
    partial: z
      .strictObject({
        steps: z.array(Step).min(1).describe('The steps, in this order, after containment.'),
        budget: Budget,
        scenarios: z
          .record(
            Name,
            z.strictObject({
              describe: z.string().min(1).describe('When it is chosen, and what it does: for people.'),
              steps: z.array(Step).min(1).describe('Its steps, in this order, in place of those of the path.'),
              budget: Budget,
            }),
          )
          .default({})
          .describe(
            'Alternatives of this path, each a procedure of its own. A row of the table or a person chooses one.',
          ),
      })
      .optional()
      .describe('Keeps the tables.'),
    full: z
      .strictObject({
        steps: z.array(Step).default([]).describe('Steps before the tables are retired.'),
        retire: z.array(Relation).min(1).describe('Tables that are moved out of reach. All of them stand in protects.'),
        allow: z
          .array(CatalogueObjectName)
          .default([])
          .describe(
            'What else is concerned and no reason to refuse, by the names that the preview gives. Views, materialized views, functions and publications go along and come back; what cannot be captured is left behind.',
          ),
        ledger: RetiredLedger.optional(),
        afterwards: z
          .array(Step)
          .default([])
          .describe(
            'Steps after the snapshot is verified, such as the previous version that serves without the tables.',
          ),
        purge: Purge,
        budget: Budget,
      })
      .optional()
      .describe('Moves the tables out of reach, snapshots them, and after approval purges them.'),
    restore: z
      .strictObject({
        budget: Budget,
        're-enable': z
          .strictObject({
            approve: ApproveText.describe('Who must approve: one person of each role of a list, or { roles, people }.'),
            gates: z.array(z.string().min(1)).describe('What a person must attest before the flags are set on again.'),
            drill: Duration.prefault('90d').describe(
              'How old the last drill that passed may be; an older one, or none, is named in the approval.',
            ),
            ramp: Ramp.optional(),
          })
          .describe('How the feature comes back after a restore.'),
      })
      .transform(({ budget, 're-enable': reEnable }) => ({ budget, reEnable }))
      .optional()
      .describe('Brings back what a full rollback retired or purged.'),
  })
  .describe('What each path does. A path that is not there cannot be chosen.')
export type Paths = z.output<typeof Paths>
