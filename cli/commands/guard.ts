import type { Command } from 'commander'
import type { GuardOptions } from '#cli/guard.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const guardCommand = (program: Command): void => {
  placed(program.command('guard'), 'leases')
    .summary('before a deployment: whether an incident is open')
    .description(
      'Looks at the lease of every plan. Exits with 4 while a run holds one: its next step would run what is deployed now. Changes nothing.',
    )
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('guard --bucket rollback-prod --environment prod && npx cdk deploy "prod/*"', 'guard --state ./state'),
    )
    .action(async (options: GuardOptions) => {
      const { guard } = await import('#cli/guard.ts')
      process.exitCode = await guard(options)
    })
}
