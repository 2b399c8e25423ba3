import { z } from 'zod'
import { unknownPlaceholders } from './messages.ts'
import { Name } from './vocabulary.ts'

export const WebhookInput = z
  .strictObject({
    webhook: Name.describe('Name of a webhook of this plan. Its events need not name anything for this.'),
    say: z
      .string()
      .min(1)
      .max(2000)
      .superRefine((text, context) => {
        for (const name of unknownPlaceholders(text))
          context.addIssue({
            code: 'custom',
            message: `"{${name}}" is not a placeholder.`,
            params: { fix: 'Use the placeholders of messages.' },
          })
      })
      .describe('What it is told, with the {placeholders} of messages; as {status} in a body of its own.'),
  })
  .describe(
    'Calls a webhook, signed, once for each incident: somebody else does a part of the rollback. Not in a drill.',
  )
export type WebhookInput = z.output<typeof WebhookInput>
