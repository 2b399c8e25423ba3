import { type Command, InvalidArgumentError, Option } from 'commander'
import type { SnapshotsListOptions } from '#cli/snapshots/list.ts'
import type { SnapshotsSweepOptions } from '#cli/snapshots/sweep.ts'
import type { SnapshotsTakeOptions } from '#cli/snapshots/take.ts'
import type { SnapshotsVerifyOptions } from '#cli/snapshots/verify.ts'
import { parseDuration } from '#core/plan/duration.ts'
import { databaseUrl, examples, json, plans } from './options.ts'
import { placed } from './place.ts'

const HOUR = 3_600_000

/** Younger than an hour, anything may be under way. */
const age = (text: string): number => {
  const milliseconds = parseDuration(text)
  if (milliseconds !== null && milliseconds >= HOUR) return milliseconds
  throw new InvalidArgumentError('Give at least an hour: 1h, 12h, 7d.')
}

export const snapshotCommands = (program: Command): void => {
  const snapshots = program
    .command('snapshots')
    .summary('list, verify, take and clear up snapshots')
    .description(
      'Looks at the snapshots of a state folder or a bucket; takes live ones; clears up what was left behind.',
    )
  placed(snapshots.command('list [plan]'), 'snapshots')
    .summary('what there is, sealed or not')
    .description('Every snapshot with its moment, rows and tables. Exits with 3 when one cannot be trusted.')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'snapshots list --state ./state',
        'snapshots list pgvector-search --bucket rollback-prod --environment prod',
      ),
    )
    .action(async (plan: string | undefined, options: SnapshotsListOptions) => {
      const { snapshotsList } = await import('#cli/snapshots/list.ts')
      process.exitCode = await snapshotsList(plan, options)
    })
  placed(snapshots.command('verify <id>'), 'snapshots')
    .summary('read every object again; --deep restores it beside the real names')
    .description(
      'Compares presence, length and digests of every object with the manifest, and names all that differs. --deep restores into scratch tables of a database, compares rows and definitions, and drops them; real names are not touched. Exits with 3 when anything differs.',
    )
    .addOption(new Option('--plan <plan>', 'where several plans have a snapshot of that id'))
    .addOption(new Option('--deep', 'restore it into scratch tables, and compare'))
    .addOption(databaseUrl('for --deep: any database with the extension'))
    .addOption(new Option('--indexes', 'with --deep: build vector indexes, too'))
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'snapshots verify live-20261121T031207Z-0a1b2c --state ./state',
        'snapshots verify live-20261121T031207Z-0a1b2c --state ./state --deep --database-url postgresql://me@localhost/scratch',
      ),
    )
    .action(async (id: string, options: SnapshotsVerifyOptions) => {
      const { snapshotsVerify } = await import('#cli/snapshots/verify.ts')
      process.exitCode = await snapshotsVerify(id, options)
    })
  placed(snapshots.command('take <plan>'), 'snapshots')
    .summary('snapshot the tables while they are in service')
    .description(
      'Copies all tables of the plan as of one moment; nobody is kept from reading or writing. A backup and evidence: no purge relies on it, and a restore takes it only when it is named. Its transaction holds back vacuum while it lasts, which it tells; it gives way to DDL, and a rollback ends it.',
    )
    .addOption(databaseUrl('the database that the plan protects').makeOptionMandatory())
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('snapshots take pgvector-search --database-url postgresql://rollback@db/app --state ./state'),
    )
    .action(async (plan: string, options: SnapshotsTakeOptions) => {
      const { snapshotsTake } = await import('#cli/snapshots/take.ts')
      process.exitCode = await snapshotsTake(plan, options)
    })
  placed(snapshots.command('sweep'), 'snapshots')
    .summary('what interrupted snapshots left behind; --confirm deletes it')
    .description(
      'Names parts without a manifest and unfinished uploads that nobody goes on with, and why; --confirm deletes them. Never anything of a sealed snapshot. What may be of an open retirement is kept, unless its own database says otherwise.',
    )
    .addOption(new Option('--plan <plan>', 'of this plan only'))
    .addOption(
      new Option('--older-than <time>', 'since the last object was written: 12h, 7d')
        .argParser(age)
        .default(7 * 24 * HOUR, '7d'),
    )
    .addOption(new Option('--dry-run', 'say what would go, and delete nothing; the default').conflicts('confirm'))
    .addOption(new Option('--confirm', 'delete it'))
    .addOption(databaseUrl('the database of the plan, to know which retirements are open'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('snapshots sweep --state ./state', 'snapshots sweep --bucket rollback-prod --older-than 30d --confirm'),
    )
    .action(async (options: SnapshotsSweepOptions) => {
      const { snapshotsSweep } = await import('#cli/snapshots/sweep.ts')
      process.exitCode = await snapshotsSweep(options)
    })
}
