import { RollbackError } from '#core/errors.ts'
import { commitUnknown, sqlState } from '#core/sql/errors.ts'

/** What every adapter needs to run a transaction: one statement to its command tag, errors named. */
type Command = (text: string) => Promise<{ command: string }>

/** `Session.transaction` on top of single statements; one per session, because it knows whether one is open. */
export class Transactions {
  readonly #command: Command
  #open = false

  constructor(command: Command) {
    this.#command = command
  }

  async run<T>(
    work: () => Promise<T>,
    options: { isolation?: 'repeatable read'; readOnly?: boolean } = {},
  ): Promise<T> {
    this.refuseInside('A transaction inside a transaction')
    const isolation = options.isolation ? ` isolation level ${options.isolation}` : ''
    await this.#command(`begin${isolation}${options.readOnly ? ' read only' : ''}`)
    this.#open = true
    try {
      const result = await work()
      await this.#commit()
      return result
    } catch (error) {
      // After a lost connection there is nothing to roll back, and the first error is the one to tell.
      await this.#command('rollback').catch(() => undefined)
      throw error
    } finally {
      this.#open = false
    }
  }

  refuseInside(what: string): void {
    if (!this.#open) return
    throw new RollbackError('Postgres.ActiveTransaction', `${what} is not possible: one is open in this session.`, {
      fix: 'End the open transaction first.',
      category: 'usage',
    })
  }

  async #commit(): Promise<void> {
    const { command } = await this.#command('commit').catch((error: unknown) => {
      const state = sqlState(error)
      // 57P…: the server ended the session while it answered, perhaps after the commit record was written.
      throw state === null || state.startsWith('57P') || state.startsWith('08') ? commitUnknown(error) : error
    })
    // COMMIT of a transaction in which a statement failed is no error to the server: it says ROLLBACK and succeeds.
    if (command === 'COMMIT') return
    throw new RollbackError('Postgres.InFailedTransaction', 'COMMIT rolled back: an earlier statement had failed.', {
      fix: 'Let the error of a failed statement end the transaction, or use a savepoint.',
    })
  }
}
