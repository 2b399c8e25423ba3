import { z } from 'zod'
import { readIndexes } from '#core/ddl/catalogue/indexes.ts'
import type { IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { hnswBytes, vectorBytes } from '#core/restore/index-memory.ts'
import { TableName } from '#core/snapshot/part.ts'
import { sql } from '#core/sql/tag.ts'

/** An index that has to be there in the end; JSON, one item of a Map. */
export const IndexToBuild = z.strictObject({
  /** The table that it is built on now: a side table, or a table in service. */
  table: TableName,
  name: z.string().min(1),
  method: z.string(),
  unique: z.boolean(),
  /** From ` USING ` on. */
  definition: z.string(),
  tablespace: z.string().nullable(),
  comment: z.string().nullable(),
  clustered: z.boolean(),
  /** Of expression columns, by attribute number. */
  statisticsTargets: z.record(z.string(), z.int()),
  /** `plain` holds up writers: for side tables. `concurrently` is for tables in service. */
  mode: z.enum(['plain', 'concurrently']),
  /** Estimate of the memory that a build takes at once, in bytes. */
  memory: z.int().min(0),
})
export type IndexToBuild = z.infer<typeof IndexToBuild>

/** The valid ones of a table's indexes, to be built on `table` (itself, or its side table). `rows` serves the estimate. */
export function indexesToBuild(
  definition: { readonly columns: readonly { readonly type: string }[]; readonly indexes: TableDefinition['indexes'] },
  table: Table,
  { mode, rows }: { mode: IndexToBuild['mode']; rows: number },
): IndexToBuild[] {
  // Of several vector columns the widest: an estimate may be too high, not too low.
  const width = Math.max(0, ...definition.columns.map(({ type }) => vectorBytes(type) ?? 0))
  return definition.indexes
    .filter(({ valid }) => valid)
    .map(({ valid: _valid, attachedTo: _parent, ...index }) => ({
      ...index,
      statisticsTargets: { ...index.statisticsTargets },
      table: { schema: table.schema, name: table.name },
      mode,
      memory:
        index.method === 'hnsw' ? hnswBytes({ rows, bytesPerVector: width, m: graphDegree(index.definition) }) : 0,
    }))
}

const graphDegree = (definition: string): number => Number(/\bm\s*=\s*'?(\d+)/.exec(definition)?.[1] ?? 16)

/** `bare`: built, but without its comment, statistics targets or place as the clustering index. */
export type IndexState = 'missing' | 'invalid' | 'bare' | 'built'

/** What is there under the name of the index. Throws `Index.NameTaken` when it is another index. */
export async function indexState(session: Session, index: IndexToBuild): Promise<IndexState> {
  const { table, name, definition, mode } = index
  const found = await session.query<{ oid: number }>(sql`
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${table.schema} and c.relname = ${table.name}`)
  const oid = found.rows[0]?.oid
  const there = oid === undefined ? undefined : (await readIndexes(session, [oid])).find((index) => index.name === name)
  if (!there) return 'missing'
  if (!there.valid) return 'invalid'
  // What a side table's index lacks is given to it when it is swapped in.
  if (sameIndex(there, index)) return mode === 'concurrently' && isBare(there, index) ? 'bare' : 'built'
  throw new RollbackError(
    'Index.NameTaken',
    `Index "${name}" of "${printTable(table)}" is there with another definition:${there.definition}; wanted:${definition}.`,
    { fix: 'Drop or rename the one that is there, then run the step again.', category: 'refused' },
  )
}

const sameIndex = (
  a: Pick<IndexDefinition, 'definition' | 'unique'>,
  b: Pick<IndexDefinition, 'definition' | 'unique'>,
) => a.definition === b.definition && a.unique === b.unique

const isBare = (there: IndexDefinition, index: IndexToBuild) =>
  there.comment !== index.comment ||
  (index.clustered && !there.clustered) ||
  canonicalJson(there.statisticsTargets) !== canonicalJson(index.statisticsTargets)

/** Those that are missing or were left invalid by a build that was ended. */
export async function listPendingIndexes(session: Session, indexes: readonly IndexToBuild[]): Promise<IndexToBuild[]> {
  const pending: IndexToBuild[] = []
  for (const index of indexes) if ((await indexState(session, index)) !== 'built') pending.push(index)
  return pending
}
