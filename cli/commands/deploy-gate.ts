import { type Command, Option } from 'commander'
import type { DeployGateOptions } from '#cli/deploy-gate.ts'
import { collected, examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const deployGateCommand = (program: Command): void => {
  placed(program.command('deploy-gate <plan>'), 'bucket')
    .summary('ask whether the system of a plan may be deployed')
    .description(
      'Looks for what a rollback would want afterwards (before-deploy in the plan): a record of the good state, a whole snapshot, and what people attest. Ends with 3 unless all of it is there; what was passed is kept in the bucket.',
    )
    .addOption(new Option('--by <who>', 'who attests').makeOptionMandatory())
    .addOption(
      new Option('--attest <name=proof>', 'what is so, and what proves it; several times').argParser(collected),
    )
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'deploy-gate cluster-mode --by ana --attest version-tagged=v1.7.9-pre-cluster --bucket rollback-prod --environment prod',
      ),
    )
    .action(async (plan: string, options: DeployGateOptions) => {
      const { deployGate } = await import('#cli/deploy-gate.ts')
      process.exitCode = await deployGate(plan, options)
    })
}
