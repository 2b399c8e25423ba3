import { PGlite, type Results } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import type { Database, Row, Session } from '#core/ports.ts'
import { copyParameters, postgresError, sessionAborted, sessionEnded } from '#core/sql/errors.ts'
import { parameter } from '#core/sql/parameters.ts'
import { rowTypes } from '#core/sql/row-types.ts'
import { setUpSession } from '#core/sql/session-settings.ts'
import { Transactions } from '#core/sql/sessions.ts'
import type { Sql } from '#core/sql/tag.ts'

const parsers = Object.fromEntries(rowTypes)
/** For every type, because parameters are text already. */
const serializers = new Proxy<Record<number, (text: string) => string>>({}, { get: () => (text: string) => text })

let ofNewCluster: Promise<File | Blob> | undefined

/** In memory. To make a cluster takes two seconds; the later ones of a process begin with a copy of the first, as new as it was. */
const inMemory = async (): Promise<PGlite> => {
  if (ofNewCluster) return PGlite.create({ loadDataDir: await ofNewCluster, extensions: { vector } })
  const first = PGlite.create({ extensions: { vector } })
  ofNewCluster = first.then((pglite) => pglite.dumpDataDir('none'))
  ofNewCluster.catch(() => {
    ofNewCluster = undefined
  })
  await ofNewCluster
  return first
}

/**
 * PostgreSQL in this process (PGlite, with pgvector ready to be created), for a drill on a laptop. It has one session,
 * so sessions wait for one another; there are no other clients, hence no locks to wait for, and no timeouts. Large
 * objects of COPY are held in memory.
 *
 * @param options `directory`: where it keeps its data; without it, in memory
 */
export const embedded = async (
  options: { directory?: string } = {},
): Promise<Database & { close(): Promise<void> }> => {
  const { directory } = options
  const pglite = await (directory ? PGlite.create({ dataDir: directory, extensions: { vector } }) : inMemory())
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
  return {
    label: `embedded (${directory ?? 'in memory'})`,
    kind: 'embedded',
    session: (settings, work) =>
      inTurn(async () => {
        const session = new EmbeddedSession(pglite, settings.signal)
        try {
          await session.query(setUpSession(settings))
          return await work(session)
        } finally {
          await session.end()
        }
      }),
    close: () => inTurn(() => pglite.close()),
  }
}

class EmbeddedSession implements Session {
  readonly #pglite: PGlite
  readonly #signal: AbortSignal | undefined
  readonly #transactions = new Transactions((text) => this.#simple(text))
  #ended = false

  constructor(pglite: PGlite, signal: AbortSignal | undefined) {
    this.#pglite = pglite
    this.#signal = signal
  }

  async query<R extends Row = Row>(statement: Sql): Promise<{ rows: R[]; rowCount: number }> {
    const { rows, rowCount } = await this.#send<R>(statement)
    return { rows, rowCount: rowCount ?? 0 }
  }

  async script(text: string): Promise<void> {
    await this.#simple(text)
  }

  transaction<T>(work: () => Promise<T>, options?: { isolation?: 'repeatable read'; readOnly?: boolean }): Promise<T> {
    return this.#transactions.run(work, options)
  }

  async *copyOut(statement: Sql, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { blob } = await this.#send(throughBlob(statement, /\bto\s+stdout\b/i, "to '/dev/blob'"), { signal })
    if (blob) for await (const chunk of blob.stream()) yield chunk
  }

  async copyIn(statement: Sql, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const part of body) parts.push(Uint8Array.from(part))
    const copy = throughBlob(statement, /\bfrom\s+stdin\b/i, "from '/dev/blob'")
    const { rowCount } = await this.#send(copy, { blob: new Blob(parts), signal })
    return rowCount ?? 0
  }

  async startLong(statement: Sql): Promise<{ finished: boolean }> {
    this.#transactions.refuseInside('A statement that outlives its session')
    await this.query(statement)
    return { finished: true }
  }

  /** The next session has the same backend: nothing of this one may be left. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#pglite.exec('rollback')
    await this.#pglite.exec('discard all')
  }

  async #send<R extends Row>(
    { text, values }: Sql,
    { blob, signal }: { blob?: Blob; signal?: AbortSignal | undefined } = {},
  ): Promise<Results<R>> {
    return this.#run(text, signal, () =>
      this.#pglite.query<R>(text, values.map(parameter), { parsers, serializers, ...(blob ? { blob } : {}) }),
    )
  }

  async #simple(text: string): Promise<{ command: string }> {
    const results = await this.#run(text, undefined, () => this.#pglite.exec(text))
    return { command: results.at(-1)?.command ?? '' }
  }

  async #run<T>(text: string, signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
    const cancelled = [this.#signal, signal].find((each) => each?.aborted)
    if (cancelled) throw sessionAborted(cancelled.reason)
    if (this.#ended) throw sessionEnded()
    try {
      return await send()
    } catch (error) {
      throw postgresError(error, text)
    }
  }
}

/** PGlite copies from and to a file of that name only. The last match: the query of a COPY may hold the words too. */
const throughBlob = (statement: Sql, stream: RegExp, file: string): Sql => {
  const matches = [...statement.text.matchAll(new RegExp(stream, 'gi'))]
  const match = matches.at(-1)
  if (!match || statement.values.length > 0) throw copyParameters(statement.text)
  const { index } = match
  return { text: statement.text.slice(0, index) + file + statement.text.slice(index + match[0].length), values: [] }
}
