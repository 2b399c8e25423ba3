import { type Command, Option } from 'commander'
import type { BootstrapOptions } from '#cli/bootstrap.ts'
import type { FixtureOptions } from '#cli/fixture.ts'
import { GRANTED_FOR } from '#core/retire/granted-for.ts'
import { databaseUrl, examples, plans, positiveInteger } from './options.ts'

export const fixtureCommand = (program: Command): void => {
  program
    .command('fixture <plan>')
    .summary('load the data of the drill into an empty database')
    .description(
      'Makes the tables and rows of the drill in an existing, EMPTY database of your own, to try "run" on. Refused where there is any table.',
    )
    .addOption(databaseUrl('the empty database').makeOptionMandatory())
    .addOption(new Option('--rows <n>', 'rows of the largest table').argParser(positiveInteger).default(2000))
    .addOption(plans())
    .addHelpText(
      'after',
      examples('fixture pgvector-search --database-url postgresql://me@localhost/drill --rows 20000'),
    )
    .action(async (name: string, options: FixtureOptions) => {
      const { fixture } = await import('#cli/fixture.ts')
      process.exitCode = await fixture(name, options)
    })
}

export const bootstrapCommand = (program: Command): void => {
  program
    .command('bootstrap <plan>')
    .summary('what the role of the product needs in a database, as SQL')
    .description(
      "Prints the statements that let a role move the plan's tables out of reach and bring them back: to be run once by a master user. --apply runs them, in one transaction.",
    )
    .addOption(databaseUrl('the database that the plan protects').makeOptionMandatory())
    .addOption(new Option('--role <name>', 'the role of the product; default: the user of the URL'))
    .addOption(
      new Option('--for <what>', 'only what this needs, and everything smaller; default: all').choices([
        ...GRANTED_FOR,
      ]),
    )
    .addOption(new Option('--sql', 'print the statements, and change nothing; the default').conflicts('apply'))
    .addOption(new Option('--apply', 'run them as the user of the URL'))
    .addOption(plans())
    .addHelpText(
      'after',
      examples(
        'bootstrap pgvector-search --sql --role rollback --database-url postgresql://master@db/app',
        'bootstrap pgvector-search --apply --role rollback --database-url postgresql://master@db/app',
      ),
    )
    .action(async (name: string, options: BootstrapOptions) => {
      const { bootstrap } = await import('#cli/bootstrap.ts')
      process.exitCode = await bootstrap(name, options)
    })
}
