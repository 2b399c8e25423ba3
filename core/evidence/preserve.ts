import { z } from 'zod'
import {
  connections,
  extensions,
  indexBuilds,
  indexStates,
  locks,
  policies,
  runningQueries,
  server,
  sizes,
} from '#core/evidence/queries.ts'
import { redactLiterals } from '#core/evidence/redact.ts'
import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import type { Sql } from '#core/sql/tag.ts'

/** One piece of evidence: kept under `key`, or unknown and why. */
export const Evidence = z.strictObject({
  name: z.string(),
  key: z.string().nullable(),
  status: z.enum(['kept', 'unknown']),
  detail: z.string(),
})
export type Evidence = z.infer<typeof Evidence>

const redacted = (row: Row): Row => (typeof row.query === 'string' ? { ...row, query: redactLiterals(row.query) } : row)

/** The server's own words, where another role's query is not for us to see. */
const HIDDEN = '<insufficient privilege>'

const counted = (rows: readonly Row[]): string => {
  const hidden = rows.filter(({ query }) => query === HIDDEN).length
  return hidden === 0
    ? `${rows.length} rows`
    : `${rows.length} rows, ${hidden} of them hidden: grant pg_read_all_stats to see them`
}

const QUERIES: Readonly<Record<string, (tables: readonly Table[]) => Sql>> = {
  server,
  extensions,
  'running-queries': runningQueries,
  locks,
  connections,
  sizes,
  indexes: indexStates,
  'index-builds': indexBuilds,
  policies,
}

/** The names of everything that is asked, for a report that has to say that none of it could be had. */
export const EVIDENCE_NAMES: readonly string[] = Object.keys(QUERIES)

/**
 * Asks for each piece of evidence and hands its rows to `keep`. One that fails does not take the others with it: what it
 * was refused for is evidence as well.
 */
export const preserveEvidence = async (
  session: Session,
  tables: readonly Table[],
  keep: (name: string, rows: readonly Row[]) => Promise<string>,
): Promise<Evidence[]> => {
  const kept: Evidence[] = []
  for (const [name, query] of Object.entries(QUERIES)) {
    try {
      const rows = (await session.query(query(tables))).rows.map(redacted)
      kept.push({ name, key: await keep(name, rows), status: 'kept', detail: counted(rows) })
    } catch (error) {
      kept.push({ name, key: null, status: 'unknown', detail: error instanceof Error ? error.message : String(error) })
    }
  }
  return kept
}
