import { z } from 'zod'
import { Duration } from './duration.ts'
import { Name } from './vocabulary.ts'

/** What has to be there before the system that a plan protects is deployed: what a rollback would want afterwards. */
export const BeforeDeploy = z
  .strictObject({
    recorded: Duration.optional().describe(
      'How old the record of the good state ("vector-rollback record") may be; not asked for when it is not given.',
    ),
    snapshot: Duration.optional().describe(
      'How old the rows of the newest sealed snapshot of all protected tables may be. It is read whole, and compared.',
    ),
    attest: z
      .record(Name, z.string().min(1))
      .default({})
      .describe('What a person has to say is so, by name. Each is given with what proves it: a tag, a link, a number.'),
  })
  .describe('The gate that CI asks before a deployment ("vector-rollback deploy-gate").')
export type BeforeDeploy = z.output<typeof BeforeDeploy>
