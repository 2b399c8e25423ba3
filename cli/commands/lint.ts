import type { Command } from 'commander'
import type { LintOptions } from '#cli/lint.ts'
import { examples, json } from './options.ts'

export const lintCommand = (program: Command): void => {
  program
    .command('lint <file...>')
    .summary('find in a runbook what cannot work, and how a plan does it')
    .description(
      'Reads runbooks (Markdown, SQL, shell scripts) and names commands that cannot work as they are written, or that destroy more than was meant: the line, why, and what a plan has in its place. Runs nothing. Exits with 3 when it found something.',
    )
    .addOption(json())
    .addHelpText('after', examples('lint docs/rollback.md', 'lint scripts/*.sh sql/rollback.sql --json'))
    .action(async (files: string[], options: LintOptions) => {
      const { lint } = await import('#cli/lint.ts')
      process.exitCode = await lint(files, options)
    })
}
