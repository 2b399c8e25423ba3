import { type Command, Option } from 'commander'
import type { GuardOptions } from '#cli/guard.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const guardCommand = (program: Command): void => {
  placed(program.command('guard'), 'leases')
    .summary('before a deployment: whether an incident is open, and the account has room for containment')
    .description(
      'Looks at the lease of every plan. Exits with 4 while a run holds one: its next step would run what is deployed now. With --cdk, also refuses what Lambda would refuse half way: concurrency reserved for containment that leaves the account less than 100. Changes nothing.',
    )
    .addOption(new Option('--cdk <file>', 'the cdk.json that is about to be deployed'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'guard --bucket rollback-prod --environment prod --cdk cdk.json && npx cdk deploy "prod/*"',
        'guard --state ./state',
      ),
    )
    .action(async (options: GuardOptions) => {
      const { guard } = await import('#cli/guard.ts')
      process.exitCode = await guard(options)
    })
}
