import { type Command, Option } from 'commander'
import type { BreakerCloseOptions } from '#cli/breaker/close.ts'
import type { BreakerOptions } from '#cli/breaker/place.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const breakerCommands = (program: Command): void => {
  const breaker = program
    .command('breaker')
    .summary('whether alarms may start runs; close it after too many')
    .description(
      'After more alarm-started runs in a day than the plan allows, alarms only contain, until a person closes the breaker.',
    )
  placed(breaker.command('status <plan>'), 'runs')
    .summary('open or closed, and how many runs count')
    .description('Exits with 6 while it is open.')
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'breaker status pgvector-search --bucket rollback-prod --environment prod',
        'breaker status pgvector-search --state ./state',
      ),
    )
    .action(async (plan: string, options: BreakerOptions) => {
      const { breakerStatus } = await import('#cli/breaker/status.ts')
      process.exitCode = await breakerStatus(plan, options)
    })
  placed(breaker.command('close <plan>'), 'runs')
    .summary('let alarms start runs again')
    .description('Recorded with who and why. The count of runs begins anew.')
    .addOption(new Option('--by <name>', 'who closes it').makeOptionMandatory())
    .addOption(new Option('--reason <text>', 'why it may be closed').makeOptionMandatory())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'breaker close pgvector-search --bucket rollback-prod --environment prod --by alice --reason "the failing job is stopped"',
      ),
    )
    .action(async (plan: string, options: BreakerCloseOptions) => {
      const { breakerClose } = await import('#cli/breaker/close.ts')
      process.exitCode = await breakerClose(plan, options)
    })
}
