import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from } from 'pg-copy-streams'
import { CopyOutQuery } from '#aws/copy-out-query.ts'
import { RollbackError } from '#core/errors.ts'
import { copyParameters, sessionAborted, sqlState } from '#core/sql/errors.ts'
import type { Sql } from '#core/sql/tag.ts'

export interface Copy {
  readonly client: Client
  readonly statement: Sql
  readonly signal: AbortSignal | undefined
  /** Milliseconds without a byte after which the COPY is given up. */
  readonly idle: number
  /** Throws when the connection is lost. */
  usable(): void
  destroy(reason?: RollbackError): void
  name(error: unknown): RollbackError
}

/** An abandoned COPY leaves the backend busy and the client unusable: whoever stops early loses the connection. */
export async function* copyOut(copy: Copy): AsyncGenerator<Uint8Array> {
  using guard = watch(copy)
  const rows = copy.client.query(new CopyOutQuery(text(copy)))
  let usable = false
  try {
    for (;;) {
      if (rows.isWaiting) guard.progress()
      const chunk = await rows.next(guard.progress)
      // A consumer that is slow is no stall of the database.
      guard.rest()
      if (chunk === null) break
      yield chunk
    }
    usable = true
  } catch (error) {
    usable = sqlState(error) !== null
    throw copy.name(error)
  } finally {
    if (!usable) copy.destroy()
  }
}

/** A body that fails half-way makes the server fail the COPY too: no row of it stays. */
export async function copyIn(copy: Copy, body: AsyncIterable<Uint8Array>): Promise<number> {
  using guard = watch(copy)
  const stream = copy.client.query(from(text(copy)))
  let bodyFailure: { error: unknown } | undefined
  async function* watched() {
    let ours = false
    try {
      for await (const chunk of body) {
        guard.progress()
        ours = true
        yield chunk
        ours = false
      }
    } catch (error) {
      // An error of the connection is thrown into the generator where it yields.
      if (!ours) bodyFailure = { error }
      throw error
    }
    // What follows is the server's work (constraints, triggers), for as long as statement_timeout lets it.
    guard.rest()
  }
  try {
    await pipeline(Readable.from(watched(), { objectMode: false }), stream)
    return stream.rowCount
  } catch (error) {
    throw bodyFailure ? bodyFailure.error : copy.name(error)
  }
}

function text({ statement }: Copy): string {
  if (statement.values.length === 0) return statement.text
  throw copyParameters(statement.text)
}

/** Ends the connection when nothing moves or the signal aborts. A half-open socket would hang a COPY for ever. */
function watch(copy: Copy): { progress(): void; rest(): void } & Disposable {
  copy.usable()
  if (copy.signal?.aborted) throw sessionAborted(copy.signal.reason)
  const onAbort = () => copy.destroy(sessionAborted(copy.signal?.reason))
  copy.signal?.addEventListener('abort', onAbort, { once: true })
  let timer: NodeJS.Timeout | undefined
  const rest = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const progress = () => {
    if (timer === undefined) timer = setTimeout(() => copy.destroy(stalled(copy)), copy.idle)
    else timer.refresh()
  }
  progress()
  return {
    progress,
    rest,
    [Symbol.dispose]() {
      rest()
      copy.signal?.removeEventListener('abort', onAbort)
    },
  }
}

const stalled = ({ idle, statement }: Copy): RollbackError =>
  new RollbackError('Postgres.Stalled', `No byte moved for ${idle} ms in "${statement.text}".`, {
    fix: 'Check the network between the function and the database, then run the step again.',
    category: 'unreachable',
  })
