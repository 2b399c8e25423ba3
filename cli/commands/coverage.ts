import { type Command, Option } from 'commander'
import type { CoverageOptions } from '#cli/coverage/coverage.ts'
import { examples, json, plans } from './options.ts'

export const coverageCommand = (program: Command): void => {
  program
    .command('coverage')
    .summary('which requirements of the runbooks the plans fulfil, and which test shows it')
    .description(
      'Joins the catalogue of the runbooks with what the plans cover (covers, coverage.yaml) and the tests whose titles name the ids. Every requirement is proved by a test, attested by a person, outside with what is done instead, or open. Exits with 3 while anything is open.',
    )
    .addOption(new Option('--tests <dir>', 'folder of the tests; default: those of this program'))
    .addOption(plans())
    .addOption(json())
    .addHelpText('after', examples('coverage', 'coverage --json'))
    .action(async (options: CoverageOptions) => {
      const { coverage } = await import('#cli/coverage/coverage.ts')
      process.exitCode = await coverage(options)
    })
}
