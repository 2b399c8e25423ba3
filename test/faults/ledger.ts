import type { Client } from 'pg'

export const TABLES = ['document_chunks', 'embeddings'] as const
export type LedgerTable = (typeof TABLES)[number]

/** What one transaction does to one row; `digest` is that of the whole row as the server answered it, `null` when it went. */
export interface Change {
  readonly table: LedgerTable
  readonly id: string
  readonly digest: string | null
  /** Of an embedding: it goes with its chunk. */
  readonly chunk?: string
}

/** Expression for what the ledger keeps of a row of `alias`. */
export const digestOf = (alias: string): string => `md5(${alias}::text)`

/** The rows that were acknowledged as committed, kept outside the database. */
export class Ledger {
  readonly rows: Readonly<Record<LedgerTable, Map<string, string>>> = {
    document_chunks: new Map(),
    embeddings: new Map(),
  }
  readonly #embeddingsOf = new Map<string, Set<string>>()
  commits = 0

  embeddingsOf(chunk: string): string[] {
    return [...(this.#embeddingsOf.get(chunk) ?? [])]
  }

  acknowledge(changes: readonly Change[]): void {
    this.#apply(changes)
    this.commits += 1
  }

  /** What is there before anybody writes. */
  async open(client: Client): Promise<void> {
    for (const { changes } of await readTables(client)) this.#apply(changes)
  }

  #apply(changes: readonly Change[]): void {
    for (const { table, id, digest, chunk } of changes) {
      if (digest === null) this.rows[table].delete(id)
      else this.rows[table].set(id, digest)
      if (chunk === undefined) continue
      const embeddings = this.#embeddingsOf.get(chunk) ?? new Set()
      if (digest === null) embeddings.delete(id)
      else embeddings.add(id)
      this.#embeddingsOf.set(chunk, embeddings)
    }
  }

  /** Rows that only one of the two has, or that differ: nothing, when no acknowledged row was lost and none came from nowhere. */
  async differences(client: Client): Promise<string[]> {
    const found: string[] = []
    for (const { table, changes } of await readTables(client)) {
      const there = new Map(changes.map(({ id, digest }) => [id, digest]))
      const noted = this.rows[table]
      for (const [id, digest] of noted) {
        if (!there.has(id)) found.push(`${table} ${id}: acknowledged, and lost`)
        else if (there.get(id) !== digest) found.push(`${table} ${id}: not as it was acknowledged`)
      }
      for (const id of there.keys()) if (!noted.has(id)) found.push(`${table} ${id}: there, and never acknowledged`)
    }
    return found
  }
}

const readTables = async (client: Client): Promise<{ table: LedgerTable; changes: Change[] }[]> => {
  const { rows: chunks } = await client.query<{ id: string; digest: string }>(
    `select id, ${digestOf('t')} as digest from public.document_chunks t`,
  )
  const { rows: embeddings } = await client.query<{ id: string; digest: string; chunk: string }>(
    `select id, ${digestOf('t')} as digest, chunk_id as chunk from public.embeddings t`,
  )
  return [
    { table: 'document_chunks', changes: chunks.map((row) => ({ table: 'document_chunks', ...row })) },
    { table: 'embeddings', changes: embeddings.map((row) => ({ table: 'embeddings', ...row })) },
  ]
}
