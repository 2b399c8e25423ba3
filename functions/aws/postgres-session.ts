import type { Client } from 'pg'
import { copyIn, copyOut } from '#aws/postgres-copy.ts'
import type { RollbackError } from '#core/errors.ts'
import type { Row, Session } from '#core/ports.ts'
import { postgresError, sessionAborted, sessionEnded, sqlState } from '#core/sql/errors.ts'
import { parameter } from '#core/sql/parameters.ts'
import { Transactions } from '#core/sql/sessions.ts'
import type { Sql } from '#core/sql/tag.ts'

const CLOSE_MILLISECONDS = 1_000

/** One connection. It is used for one session and then closed, so that nothing of it can leak into the next. */
export class PostgresSession implements Session {
  readonly #client: Client
  readonly #signal: AbortSignal | undefined
  readonly #idle: number
  readonly #transactions = new Transactions((text) => this.#simple(text))
  readonly #onAbort = () => this.destroy(sessionAborted(this.#signal?.reason))
  /** Why the connection is of no use any more. */
  #lost: unknown

  constructor(client: Client, signal: AbortSignal | undefined, idle: number) {
    this.#client = client
    this.#signal = signal
    this.#idle = idle
    // What the server says last (57P01), before the socket closes, is the error that the next statement reports.
    client.on('error', (error) => {
      this.#lost ??= error
    })
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  async query<R extends Row = Row>(statement: Sql): Promise<{ rows: R[]; rowCount: number }> {
    // The extended protocol also without parameters: a second statement in the text is refused by the server.
    const config = { text: statement.text, values: statement.values.map(parameter), queryMode: 'extended' }
    const { rows, rowCount } = await this.#run(statement.text, () => this.#client.query<R>(config))
    return { rows, rowCount: rowCount ?? 0 }
  }

  async script(text: string): Promise<void> {
    await this.#simple(text)
  }

  transaction<T>(work: () => Promise<T>, options?: { isolation?: 'repeatable read'; readOnly?: boolean }): Promise<T> {
    return this.#transactions.run(work, options)
  }

  copyOut(statement: Sql, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return copyOut(this.#copy(statement, signal))
  }

  copyIn(statement: Sql, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    return copyIn(this.#copy(statement, signal), body)
  }

  async startLong(statement: Sql, milliseconds: number): Promise<{ finished: boolean }> {
    this.#transactions.refuseInside('A statement that outlives its session')
    // A server that looks for its client during the statement would end it when the socket is gone.
    await this.#simple('set statement_timeout = 0; set client_connection_check_interval = 0')
    const finished = this.query(statement).then(() => true)
    const { promise: waited, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(resolve, milliseconds, false)
    try {
      if (await Promise.race([finished, waited])) return { finished: true }
    } finally {
      clearTimeout(timer)
    }
    finished.catch(() => undefined)
    this.destroy()
    return { finished: false }
  }

  /** Says goodbye and waits for the server to close: its locks are free then. */
  async close(): Promise<void> {
    if (this.#lost !== undefined) return
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), CLOSE_MILLISECONDS)
    await this.#client.end()
    clearTimeout(timer)
  }

  destroy(reason?: RollbackError): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#lost ??= reason ?? sessionEnded()
    this.#client.connection.stream.destroy()
  }

  /** The error to tell: what ended the connection explains more than what a statement noticed of it. */
  name(error: unknown, statement?: string): RollbackError {
    return postgresError(sqlState(error) === null ? (this.#lost ?? error) : error, statement)
  }

  #copy(statement: Sql, signal: AbortSignal | undefined) {
    return {
      client: this.#client,
      statement,
      signal,
      idle: this.#idle,
      usable: () => this.#requireConnection(),
      destroy: (reason?: RollbackError) => this.destroy(reason),
      name: (error: unknown) => this.name(error, statement.text),
    }
  }

  async #simple(text: string): Promise<{ command: string }> {
    return this.#run(text, () => this.#client.query(text))
  }

  async #run<T>(text: string, send: () => Promise<T>): Promise<T> {
    this.#requireConnection()
    try {
      return await send()
    } catch (error) {
      throw this.name(error, text)
    }
  }

  #requireConnection(): void {
    if (this.#signal?.aborted) throw sessionAborted(this.#signal.reason)
    if (this.#lost !== undefined) throw this.name(this.#lost)
  }
}
