import { type Command, Option } from 'commander'
import type { RecordOptions } from '#cli/record.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const recordCommand = (program: Command): void => {
  placed(
    program
      .command('record <plan>')
      .summary('record the configuration that is in service as good, before a deployment')
      .description(
        'Reads what the steps of the plan go back to (parameters by value, secrets by version), and keeps it in the bucket, once. An incident goes back to the newest record from before it, and from before the change that may have caused it: call this first, "change" second, and deploy third.',
      ),
    'bucket',
  )
    .addOption(new Option('--reference <text>', 'what people look it up by: the version that is in service'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('record embedding-queue --reference v1.41.0 --bucket rollback-prod --environment prod'),
    )
    .action(async (plan: string, options: RecordOptions) => {
      const { record } = await import('#cli/record.ts')
      process.exitCode = await record(plan, options)
    })
}
