import { z } from 'zod'
import { unknownPlaceholders } from './messages.ts'
import { pattern } from './pattern.ts'
import { Name } from './vocabulary.ts'

const DocumentName = pattern(
  /^[A-Za-z0-9_.-]{3,128}$/,
  'the name of an SSM document',
  'Write its name: AWS-RunShellScript, or one of your own.',
)

const TargetKey = pattern(
  /^(InstanceIds|tag:.{1,128})$/,
  'a target of a command',
  'Write InstanceIds, or tag: and the key of a tag: "tag:Role".',
)

const Texts = z.array(z.string().min(1).max(2000)).min(1).max(50)

export const RunCommandInput = z
  .strictObject({
    document: DocumentName.describe('SSM document: what is run.'),
    targets: z
      .record(TargetKey, Texts)
      .refine((targets) => Object.keys(targets).length > 0 && Object.keys(targets).length <= 5, {
        message: 'There is no target, or there are more than five.',
        params: { fix: 'Name a tag with its values, or InstanceIds.' },
      })
      .describe(
        'Where it is run: instances by tag or by id; {env} stands for the environment. None found is a failure.',
      ),
    parameters: z.record(z.string().min(1), Texts).default({}).describe('What the document is given. No secrets.'),
  })
  .describe('Runs a command by SSM on instances, waits for its end on all of them, and keeps its output as evidence.')
export type RunCommandInput = z.output<typeof RunCommandInput>

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
