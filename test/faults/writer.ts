import { setTimeout } from 'node:timers/promises'
import { Client, DatabaseError, type QueryResultRow } from 'pg'
import { vi } from 'vitest'
import type { Chance } from '#test/faults/chance.ts'
import { type Change, digestOf, type Ledger } from '#test/faults/ledger.ts'

/** What an application hears while its tables are out of reach. Anything else is a fault. */
const OUT_OF_REACH = ['42P01', '42501']
/** As an application waits before it asks again; nothing depends on how long. */
const BACK_OFF_MS = 20

export interface WriterOptions {
  readonly url: string
  readonly number: number
  readonly tenant: string
  readonly machine: string
  /** Chunks of the fixture that this writer alone changes. */
  readonly chunks: readonly string[]
  readonly ledger: Ledger
  readonly chance: Chance
}

type Ending = 'commit' | 'rollback' | 'prepare'

/** One connection of the application: small transactions, one after the other, until it is told to stop. */
export class Writer {
  readonly #options: WriterOptions
  readonly #chunks: string[]
  #client: Client | null = null
  #stopped = false
  #positions = 0
  #prepared = 0
  /** Transactions that ended in an error of `OUT_OF_REACH`. */
  refused = 0
  /** Commits whose answer was lost, by what the server then said of them. */
  readonly lost = { committed: 0, aborted: 0 }

  constructor(options: WriterOptions) {
    this.#options = options
    this.#chunks = [...options.chunks]
  }

  stop(): void {
    this.#stopped = true
  }

  /** Resolves when it was stopped; rejects at an error that no application should see. */
  async write(): Promise<void> {
    while (!this.#stopped) await this.#transaction()
    await this.#client?.end()
  }

  async #transaction(): Promise<void> {
    const { ledger, chance } = this.#options
    const ending = chance.oneOf<Ending>(['commit', 'commit', 'commit', 'commit', 'prepare', 'rollback'])
    const work = chance.oneOf([this.#insert, this.#insertBoth, this.#savepoints, this.#update, this.#delete])
    let ends: { xid: string; changes: Change[]; gid: string } | null = null
    try {
      const client = await this.#connected()
      await client.query('begin')
      const changes = await work.call(this, client)
      const [row] = await rowsOf<{ xid: string }>(client, 'select pg_current_xact_id()::text as xid')
      if (ending === 'rollback' || !row) return void (await client.query('rollback'))
      ends = {
        xid: row.xid,
        changes,
        gid: `${this.#options.tenant}-${this.#options.number}-${++this.#prepared}-${row.xid}`,
      }
      await end(client, ending, ends.gid)
      this.#acknowledge(ends.changes)
    } catch (error) {
      const code = codeOf(error)
      if (code === null) return ends ? this.#ask(ends) : this.#forget()
      if (ends || !OUT_OF_REACH.includes(code))
        throw new Error(`commit ${ledger.commits}: ${String(error)}`, { cause: error })
      this.refused += 1
      await this.#client?.query('rollback').catch(() => this.#forget())
      await setTimeout(BACK_OFF_MS)
    }
  }

  #acknowledge(changes: readonly Change[]): void {
    this.#options.ledger.acknowledge(changes)
    for (const { table, id, digest } of changes) {
      if (table !== 'document_chunks') continue
      if (digest === null) this.#chunks.splice(this.#chunks.indexOf(id), 1)
      else if (!this.#chunks.includes(id)) this.#chunks.push(id)
    }
  }

  /** The answer to the commit was lost: the server knows. A transaction that is still prepared is ours to commit. */
  async #ask({ xid, changes, gid }: { xid: string; changes: Change[]; gid: string }): Promise<void> {
    this.#forget()
    const outcome = await vi.waitUntil(
      async () => {
        try {
          const client = await this.#connected()
          const prepared = await rowsOf(client, 'select from pg_prepared_xacts where gid = $1', [gid])
          if (prepared.length > 0) await client.query(`commit prepared '${gid}'`)
          const [row] = await rowsOf<{ status: string }>(client, 'select pg_xact_status($1::xid8) as status', [xid])
          return row?.status === 'in progress' ? null : row?.status
        } catch (error) {
          if (codeOf(error) !== null) throw error
          this.#forget()
          return null
        }
      },
      { timeout: 30_000, interval: 5 },
    )
    if (outcome !== 'committed' && outcome !== 'aborted') throw new Error(`transaction ${xid} is "${outcome}"`)
    this.lost[outcome] += 1
    if (outcome === 'committed') this.#acknowledge(changes)
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    const client = new Client(this.#options.url)
    client.on('error', () => undefined)
    this.#client = client
    await client.connect()
    await client.query(`set app.tenant_id = '${this.#options.tenant}'`)
    return client
  }

  #forget(): void {
    this.#client?.end().catch(() => undefined)
    this.#client = null
  }

  async #newChunk(client: Client): Promise<Change> {
    const { number, machine, tenant, chance } = this.#options
    const [row] = await rowsOf<{ id: string; digest: string }>(
      client,
      `insert into public.document_chunks as t (machine_id, tenant_id, position, content) values ($1, $2, $3, $4)
       returning id, ${digestOf('t')} as digest`,
      [machine, tenant, 1_000_000 * (number + 1) + ++this.#positions, 'x'.repeat(chance.below(400))],
    )
    return { table: 'document_chunks', ...required(row) }
  }

  async #newEmbedding(client: Client, chunk: string): Promise<Change> {
    const [row] = await rowsOf<{ id: string; digest: string }>(
      client,
      `insert into public.embeddings as t (chunk_id, tenant_id, embedding) values ($1, $2,
         (select array_agg(cos($3::float8 * d))::real[] from generate_series(1, 1536) d)::public.vector)
       returning id, ${digestOf('t')} as digest`,
      [chunk, this.#options.tenant, 1 + this.#options.chance.below(100_000)],
    )
    return { table: 'embeddings', chunk, ...required(row) }
  }

  #insert = async (client: Client): Promise<Change[]> => [await this.#newChunk(client)]

  #insertBoth = async (client: Client): Promise<Change[]> => {
    const chunk = await this.#newChunk(client)
    return [chunk, await this.#newEmbedding(client, chunk.id)]
  }

  /** The second of three chunks is taken back, once by itself and once because it failed. */
  #savepoints = async (client: Client): Promise<Change[]> => {
    const first = await this.#newChunk(client)
    await client.query('savepoint one')
    await this.#newChunk(client)
    if (this.#options.chance.below(2) === 0)
      await client.query('select 1 / 0').catch((error) => expected(error, '22012'))
    await client.query('rollback to savepoint one')
    const third = await this.#newChunk(client)
    await client.query('release savepoint one')
    return [first, third]
  }

  #update = async (client: Client): Promise<Change[]> => {
    const { chance, ledger } = this.#options
    if (this.#chunks.length === 0) return this.#insert(client)
    const chunk = chance.oneOf(this.#chunks)
    const [row] = await rowsOf<{ id: string; digest: string }>(
      client,
      `update public.document_chunks t set content = content || $2 where id = $1 returning id, ${digestOf('t')} as digest`,
      [chunk, `; ${chance.below(1000)}`],
    )
    const changes: Change[] = [{ table: 'document_chunks', ...required(row, chunk) }]
    for (const embedding of ledger.embeddingsOf(chunk)) {
      const [changed] = await rowsOf<{ id: string; digest: string }>(
        client,
        `update public.embeddings t set model = $2 where id = $1 returning id, ${digestOf('t')} as digest`,
        [embedding, `model ${chance.below(1000)}`],
      )
      changes.push({ table: 'embeddings', chunk, ...required(changed, embedding) })
    }
    return changes
  }

  /** Its embeddings go by the foreign key. */
  #delete = async (client: Client): Promise<Change[]> => {
    if (this.#chunks.length === 0) return this.#insert(client)
    const chunk = this.#options.chance.oneOf(this.#chunks)
    const gone = await rowsOf(client, 'delete from public.document_chunks where id = $1 returning id', [chunk])
    required(gone[0], chunk)
    return [
      { table: 'document_chunks', id: chunk, digest: null },
      ...this.#options.ledger
        .embeddingsOf(chunk)
        .map((id): Change => ({ table: 'embeddings', id, digest: null, chunk })),
    ]
  }
}

/** Resolves when the server has acknowledged it. */
const end = async (client: Client, ending: 'commit' | 'prepare', gid: string): Promise<void> => {
  if (ending === 'prepare') await client.query(`prepare transaction '${gid}'`)
  const { command } = await client.query(ending === 'prepare' ? `commit prepared '${gid}'` : 'commit')
  if (!command.startsWith('COMMIT')) throw new Error(`a commit was answered with "${command}"`)
}

const rowsOf = async <R extends QueryResultRow>(client: Client, text: string, values: unknown[] = []): Promise<R[]> =>
  (await client.query<R>(text, values)).rows

const required = <T>(row: T | undefined, id = 'new'): T => {
  if (row === undefined) throw new Error(`row "${id}", which was acknowledged, is not there`)
  return row
}

const expected = (error: unknown, code: string): void => {
  if (codeOf(error) !== code) throw error
}

/** SQLSTATE of the server's answer; `null`: the connection was lost. */
const codeOf = (error: unknown): string | null => {
  if (error instanceof DatabaseError) return error.code ?? ''
  if (error instanceof Error && LOST.test(`${error.message} ${'code' in error ? error.code : ''}`)) return null
  throw error
}
const LOST = /^Connection terminated|ECONNRESET|EPIPE|not queryable/
