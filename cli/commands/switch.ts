import { type Command, Option } from 'commander'
import type { SwitchOptions, ThrowSwitchOptions } from '#cli/switch.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

const ofPlans = (command: Command): Command =>
  placed(command, 'bucket')
    .addOption(new Option('--all', 'every plan of the environment'))
    .addOption(plans())
    .addOption(json())

const thrown = (command: Command): Command =>
  ofPlans(command)
    .addOption(new Option('--by <name>', 'who you are: whom others ask about it').makeOptionMandatory())
    .addOption(new Option('--reason <text>', 'why').makeOptionMandatory())

export const switchCommands = (program: Command): void => {
  const command = program
    .command('switch')
    .summary('stop rollbacks from changing anything, and let them again')
    .description(
      'The kill switch of a plan, or of every plan. Thrown, no function changes a database or sets a flag on; containment still works. A run that comes to it waits for a person.',
    )
  const stop = async (plan: string | undefined, options: ThrowSwitchOptions) => {
    const { throwSwitch } = await import('#cli/switch.ts')
    process.exitCode = await throwSwitch(plan, true, options)
  }
  const release = async (plan: string | undefined, options: ThrowSwitchOptions) => {
    const { throwSwitch } = await import('#cli/switch.ts')
    process.exitCode = await throwSwitch(plan, false, options)
  }
  thrown(command.command('stop [plan]'))
    .summary('from now on nothing is changed, except that flags are set to their safe values')
    .addHelpText(
      'after',
      examples(
        'switch stop pgvector-search --bucket rollback-prod --environment prod --by "Ada" --reason "the DBA works on it"',
        'switch stop --all --bucket rollback-prod --environment prod --by "Ada" --reason "storage migration"',
      ),
    )
    .action(stop)
  thrown(command.command('release [plan]'))
    .summary('rollbacks may change things again; a run that waits for a person is to be retried')
    .addHelpText('after', examples('switch release pgvector-search --state ./state --by "Ada" --reason "done"'))
    .action(release)
  ofPlans(command.command('show [plan]'))
    .summary('who stopped what, why and since when')
    .addHelpText('after', examples('switch show --bucket rollback-prod --environment prod'))
    .action(async (plan: string | undefined, options: SwitchOptions) => {
      const { showSwitches } = await import('#cli/switch.ts')
      process.exitCode = await showSwitches(plan, options)
    })
}
