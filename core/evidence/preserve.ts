import { z } from 'zod'
import {
  connections,
  extensions,
  indexBuilds,
  indexStates,
  locks,
  policies,
  revisions,
  runningQueries,
  server,
  sizes,
} from '#core/evidence/queries.ts'
import { redactLiterals } from '#core/evidence/redact.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import type { Sql } from '#core/sql/tag.ts'

export interface EvidenceSubject {
  readonly tables: readonly Table[]
  /** The migration ledger of the plan; `undefined` where it names none. */
  readonly ledger?: Ledger | undefined
}

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

const queriesOf = ({ tables, ledger }: EvidenceSubject): Readonly<Record<string, Sql>> => ({
  ...Object.fromEntries(Object.entries(QUERIES).map(([name, query]) => [name, query(tables)])),
  ...(ledger ? { revisions: revisions(ledger) } : {}),
})

/** The names of everything that is asked, for a report that has to say that none of it could be had. */
export const evidenceNames = (subject: EvidenceSubject): string[] => Object.keys(queriesOf(subject))

/**
 * Asks for each piece of evidence and hands its rows to `keep`. One that fails does not take the others with it: what it
 * was refused for is evidence as well.
 */
export const preserveEvidence = async (
  session: Session,
  subject: EvidenceSubject,
  keep: (name: string, rows: readonly Row[]) => Promise<string>,
): Promise<Evidence[]> => {
  const kept: Evidence[] = []
  for (const [name, query] of Object.entries(queriesOf(subject))) {
    try {
      const rows = (await session.query(query)).rows.map(redacted)
      kept.push({ name, key: await keep(name, rows), status: 'kept', detail: counted(rows) })
    } catch (error) {
      kept.push({ name, key: null, status: 'unknown', detail: error instanceof Error ? error.message : String(error) })
    }
  }
  return kept
}
