import { type Command, Option } from 'commander'
import type { PlanCheckOptions } from '#cli/plan-check.ts'
import type { PlanExplainOptions } from '#cli/plan-explain.ts'
import type { PlanInitOptions } from '#cli/plan-init.ts'
import type { PlanPreviewOptions } from '#cli/plan-preview.ts'
import { SEVERITIES } from '#core/plan/vocabulary.ts'
import {
  acceptDrift,
  collected,
  databaseUrl,
  examples,
  json,
  path,
  plans,
  scenario,
  size,
  snapshot,
} from './options.ts'

export const planCommands = (program: Command): void => {
  const plan = program
    .command('plan')
    .summary('write a first plan, check plans, explain decisions, preview paths')
    .description(
      'Writes a first plan for a database of your own, checks plans, explains their decisions and previews their paths. Changes no database.',
    )
  plan
    .command('init <name>')
    .summary('write a first plan from the catalogue of a live database')
    .description(
      'Reads the catalogue of a database, in one read-only transaction and no row of a table, and writes the folder of a first plan: plan.yaml, sql/, README.md and the fixture of its drill. It names what only people can fill in. An existing folder is not overwritten.',
    )
    .addOption(
      new Option(
        '--from-database <url>',
        'the database to protect: postgresql://user@host:5432/name; the password from PGPASSWORD',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option('--tables <list>', 'these tables, with commas between; default: all that have a vector column'),
    )
    .addOption(plans())
    .addHelpText(
      'after',
      examples(
        'plan init document-search --from-database postgresql://me@db.internal/app --plans ./plans',
        'plan init document-search --from-database "$URL" --tables public.documents,public.chunks',
      ),
    )
    .action(async (name: string, { tables, ...options }: PlanInitOptions & { tables?: string }) => {
      const { planInit, tablesOf } = await import('#cli/plan-init.ts')
      process.exitCode = await planInit(name, tables === undefined ? options : { ...options, tables: tablesOf(tables) })
    })
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
    .addOption(scenario())
    .addOption(databaseUrl('look at this database as well'))
    .addOption(
      new Option(
        '--size <size>',
        'instead: what a table of rows=…,dims=… would take to snapshot and restore',
      ).argParser(size),
    )
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
        'plan preview pgvector-search --path full --size rows=50000000,dims=1536',
      ),
    )
    .action(async (name: string, options: PlanPreviewOptions) => {
      const { planPreview } = await import('#cli/plan-preview.ts')
      process.exitCode = await planPreview(name, options)
    })
  plan
    .command('explain <plan>')
    .summary('which row of the decision table a signal leads to, and why no other')
    .description(
      'Says which row a signal leads to, for every other row why not, and what would happen at each rung: observe, propose, contain, act. What --state does not suppose is as on a good day: a recent change, a passed drill, nothing else in ALARM.',
    )
    .addOption(new Option('--signal <name>', 'a signal of the plan').makeOptionMandatory())
    .addOption(new Option('--severity <severity>', 'another one than its own').choices([...SEVERITIES]))
    .addOption(
      new Option(
        '--state <key=value>',
        'suppose: change=recent|none|unknown, also=SIGNAL,…, at=HH:MM (UTC), drill=passed|none|unknown; repeatable',
      ).argParser(collected),
    )
    .addOption(new Option('--environment <name>', 'whose parameters to name').default('prod'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'plan explain pgvector-search --signal query-timeout',
        'plan explain pgvector-search --signal cpu-high --state change=none --state drill=none --json',
      ),
    )
    .action(async (name: string, options: PlanExplainOptions) => {
      const { planExplain } = await import('#cli/plan-explain.ts')
      process.exitCode = await planExplain(name, options)
    })
}
