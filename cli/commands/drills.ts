import { type Command, Option } from 'commander'
import type { DrillOptions } from '#cli/drill.ts'
import type { DrillsOptions } from '#cli/drills.ts'
import { databaseUrl, examples, json, out, path, plans, scenario } from './options.ts'
import { placed } from './place.ts'

export const drillCommand = (program: Command): void => {
  placed(
    program
      .command('drill [plan...]')
      .summary('practise the paths on a throwaway database')
      .description(
        'Runs the real state machine and functions on a throwaway database with the data of the plan. Without --path: flag, partial, full, restore and back to normal, then every scenario. Nothing outside this machine is touched. Without a plan: all of them, as with --all. A path that takes longer than its budget has not passed. With --state or --bucket the drills that passed are kept there: "drills" lists them, and an environment that acts needs them.',
      ),
    'bucket',
  )
    .addOption(new Option('--all', 'all plans, every path and scenario of each'))
    .addOption(path())
    .addOption(scenario())
    .addOption(databaseUrl('make the throwaway database on this server; default: an embedded one'))
    .addOption(out())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('drill pgvector-search', 'drill pgvector-search --path full', 'drill --all --out ./reports --json'),
    )
    .action(async (names: string[], options: DrillOptions) => {
      const { drill } = await import('#cli/drill.ts')
      process.exitCode = await drill(names, options)
    })
}

export const drillsCommand = (program: Command): void => {
  placed(program.command('drills [plan...]'), 'bucket')
    .summary('when each path was last proved by a drill, and which is overdue')
    .description(
      'Reads the drills that passed ("drill --state" or "drill --bucket" keeps them) and says of every path and scenario when it was proved last and when it is due again: by the age that the plan allows (drill.within) and by its rota (drill.rota). Changes nothing. Exits with 3 when one is overdue.',
    )
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'drills --bucket rollback-prod --environment prod',
        'drills database-optimization --state ./state --json',
      ),
    )
    .action(async (names: string[], options: DrillsOptions) => {
      const { drills } = await import('#cli/drills.ts')
      process.exitCode = await drills(names, options)
    })
}
