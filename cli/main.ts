#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'
import { breakerCommands } from './commands/breaker.ts'
import { changeCommand } from './commands/change.ts'
import { coverageCommand } from './commands/coverage.ts'
import { bootstrapCommand, fixtureCommand } from './commands/databases.ts'
import { deployGateCommand } from './commands/deploy-gate.ts'
import { drillCommand, drillsCommand } from './commands/drills.ts'
import { guardCommand } from './commands/guard.ts'
import { lintCommand } from './commands/lint.ts'
import { peopleCommands } from './commands/people.ts'
import { planCommands } from './commands/plan.ts'
import { probeCommand } from './commands/probe.ts'
import { recordCommand } from './commands/record.ts'
import { runCommand } from './commands/runs.ts'
import { baselineCommands, observeCommands } from './commands/signals.ts'
import { snapshotCommands } from './commands/snapshots.ts'
import { switchCommands } from './commands/switch.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'

// What a command loads is kept compiled: half a second of every later one. Older versions of Node do not have it.
enableCompileCache?.()

const program = new Command('vector-rollback')
  .description(
    'Executable rollback runbooks for Postgres + pgvector: contain first, lose no row, destroy only what people approved.',
  )
  .exitOverride()
  .showHelpAfterError('(--help shows what there is)')
  .addHelpText(
    'after',
    `
In an incident:
  $ vector-rollback plan preview <plan> --path full --database-url …   what would happen; writes nothing
  $ vector-rollback run <plan> --path full …                           do it from here; it contains first
  flag: feature off. partial: tables stay. full: tables out of reach, snapshotted. restore: bring them back.

Exit codes:
  0 as intended   2 wrong usage or plan   3 refused, nothing changed   4 another run goes on
  5 failed, the system stays contained    6 needs a person

Results go to stdout, everything else to stderr. NO_COLOR turns colours off; VECTOR_ROLLBACK_DEBUG=1 shows stacks.`,
  )

for (const add of [
  planCommands,
  drillCommand,
  drillsCommand,
  runCommand,
  peopleCommands,
  probeCommand,
  fixtureCommand,
  bootstrapCommand,
  snapshotCommands,
  breakerCommands,
  switchCommands,
  baselineCommands,
  observeCommands,
  changeCommand,
  guardCommand,
  coverageCommand,
  recordCommand,
  lintCommand,
  deployGateCommand,
])
  add(program)

// `vector-rollback … | head` is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said what is wrong; help that was asked for is as intended, help for want of a command is not.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  } else {
    const { printError } = await import('./print-error.ts')
    process.stderr.write(`${printError(error, process.stderr)}\n`)
    process.exitCode = exitCodeOf(error)
  }
}
