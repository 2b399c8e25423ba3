import { type Command, Option } from 'commander'
import type { RunOptions } from '#cli/run.ts'
import { acceptDrift, collected, databaseUrl, examples, json, out, path, plans, scenario, snapshot } from './options.ts'

export const runCommand = (program: Command): void => {
  program
    .command('run <plan>')
    .summary('roll back a real database from this machine')
    .description(
      'Runs a path against a real, existing database from this machine, with the same state machine as in AWS. For when Step Functions is down, or there is none. Look at "plan preview" first. --state keeps snapshots and records: a later restore needs the same folder.',
    )
    .addOption(path().makeOptionMandatory())
    .addOption(scenario())
    .addOption(new Option('--local', 'yes, from this machine'))
    .addOption(databaseUrl('the database that the plan protects'))
    .addOption(new Option('--state <dir>', 'folder for snapshots and records; keep it'))
    .addOption(new Option('--confirm <plan>', 'the name of the plan once more: this changes a real database'))
    .addOption(new Option('--approve <role=name>', 'who approves, in which role; repeatable').argParser(collected))
    .addOption(
      new Option('--wait', 'leave questions open until somebody answers with "approve --state"').conflicts('approve'),
    )
    .addOption(
      new Option('--service <name=url>', 'where a service of the plan answers; repeatable').argParser(collected),
    )
    .addOption(new Option('--reason <text>', 'why, for the report'))
    .addOption(snapshot())
    .addOption(acceptDrift())
    .addOption(new Option('--no-watch', 'do not watch after the path; the report says so'))
    .addOption(out())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'run pgvector-search --path partial --local --database-url postgresql://rollback@db/app --state ./state --confirm pgvector-search',
        'run pgvector-search --path restore --local --database-url postgresql://rollback@db/app --state ./state --confirm pgvector-search --approve team-lead=alice',
        'run pgvector-search --path restore --snapshot 2026-11-20-nightly --local --database-url postgresql://rollback@db/app --state ./state --confirm pgvector-search --approve team-lead=alice',
      ),
    )
    .action(async (name: string, options: RunOptions) => {
      const { run } = await import('#cli/run.ts')
      process.exitCode = await run(name, options)
    })
}
