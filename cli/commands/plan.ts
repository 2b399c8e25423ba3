import { type Command, Option } from 'commander'
import type { PlanCheckOptions } from '#cli/plan-check.ts'
import type { PlanPreviewOptions } from '#cli/plan-preview.ts'
import { acceptDrift, databaseUrl, examples, json, path, plans, snapshot } from './options.ts'

export const planCommands = (program: Command): void => {
  const plan = program
    .command('plan')
    .summary('check plans, preview paths')
    .description('Checks plans and previews their paths. Changes nothing.')
  plan
    .command('check [plan...]')
    .summary('say what is wrong with plans, with file, line and column')
    .description('Checks plan.yaml, its references and its SQL, without a database. All plans when none is named.')
    .addOption(plans())
    .addOption(json())
    .addHelpText('after', examples('plan check', 'plan check pgvector-search', 'plan check ./my-plans/search --json'))
    .action(async (names: string[], options: PlanCheckOptions) => {
      const { planCheck } = await import('#cli/plan-check.ts')
      process.exitCode = await planCheck(names, options)
    })
  plan
    .command('preview <plan>')
    .summary('show what a path would do, statement by statement; writes nothing')
    .description(
      'Shows every statement in its order with the lock it takes, what would be destroyed, checks, approvals, and what would be refused. Writes nothing: with a database, in read-only transactions. Exits with 3 when the path would be refused.',
    )
    .addOption(path().makeOptionMandatory())
    .addOption(databaseUrl('look at this database as well'))
    .addOption(new Option('--state <dir>', 'path restore: look at the snapshots of local runs in this folder as well'))
    .addOption(snapshot())
    .addOption(acceptDrift())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'plan preview pgvector-search --path full',
        'plan preview pgvector-search --path full --database-url postgresql://rollback@db.internal/app',
      ),
    )
    .action(async (name: string, options: PlanPreviewOptions) => {
      const { planPreview } = await import('#cli/plan-preview.ts')
      process.exitCode = await planPreview(name, options)
    })
}
