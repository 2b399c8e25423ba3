import { createInterface } from 'node:readline/promises'
import { RollbackError } from '#core/errors.ts'

/** Shows what it is about and asks for a yes. `--yes` is the answer where nobody sits at a terminal. */
export const confirmed = async (about: string, { yes }: { readonly yes?: boolean }): Promise<void> => {
  process.stderr.write(`${about}\n`)
  if (yes) return
  if (!process.stdin.isTTY)
    throw new RollbackError('Usage.Invalid', 'Nobody sits at a terminal to say yes.', {
      fix: 'Read what is asked (vector-rollback approvals), then repeat with --yes and the --digest that you have read.',
      category: 'usage',
    })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    if (/^y(es)?$/i.test((await terminal.question('Send this answer? [y/N] ')).trim())) return
  } finally {
    terminal.close()
  }
  throw new RollbackError('Answer.NotSent', 'Nothing was sent.', {
    fix: 'The question stays open.',
    category: 'refused',
  })
}
