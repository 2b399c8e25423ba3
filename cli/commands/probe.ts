import type { Command } from 'commander'
import type { ProbeOptions } from '#cli/probe.ts'
import { databaseUrl, examples, json, plans } from './options.ts'

export const probeCommand = (program: Command): void => {
  program
    .command('probe <plan>')
    .summary('run the probes of a plan once, and compare them with their limits')
    .description(
      'Runs the probe SQL of every signal once, as the role that the signal names, in read-only transactions, and prints what it measured beside its limit: to try thresholds before they are deployed. Publishes nothing and starts nothing. Exits with 3 when a value is beyond its limit, with 5 when one could not be measured.',
    )
    .addOption(databaseUrl('the database that the plan protects').makeOptionMandatory())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'probe pgvector-search --database-url postgresql://rollback@db.internal/app',
        'probe ./my-plans/search --database-url postgresql://rollback@db.internal/app --json',
      ),
    )
    .action(async (name: string, options: ProbeOptions) => {
      const { probe } = await import('#cli/probe.ts')
      process.exitCode = await probe(name, options)
    })
}
