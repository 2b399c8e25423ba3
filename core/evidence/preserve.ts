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
import type { Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Row, Session } from '#core/ports.ts'
import type { Sql } from '#core/sql/tag.ts'
import { select } from '#core/verify/run-check.ts'

/** What says what is asked: the plan's own pieces, and its migration ledger where it has one. */
type Asking = Pick<Plan, 'evidence' | 'sql' | 'paths'>

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

const REVISIONS = 'revisions'

/** What one piece is asked with: of every database, or of this plan's alone. */
type Ask = (session: Session, tables: readonly Table[]) => Promise<readonly Row[]>

const asksOf = ({ evidence, sql, paths }: Asking): readonly (readonly [string, Ask])[] => {
  const ledger = paths.full?.ledger
  const ofAll = Object.entries(QUERIES).map(([name, query]): [string, Ask] => [
    name,
    async (session, tables) => (await session.query(query(tables))).rows.map(redacted),
  ])
  const ofLedger: [string, Ask][] = ledger
    ? [[REVISIONS, async (session) => (await session.query(revisions(ledger))).rows.map(redacted)]]
    : []
  const own = Object.entries(evidence).map(([name, { file, as }]): [string, Ask] => [
    name,
    async (session) => (await select(session, as, sql[file] ?? '')).rows,
  ])
  return [...ofAll, ...ofLedger, ...own]
}

/** The names of everything that is asked, for a report that has to say that none of it could be had. */
export const evidenceNames = (plan: Asking): readonly string[] => asksOf(plan).map(([name]) => name)

/** Whether every database is asked for this already: a plan names its own pieces otherwise. */
export const isEvidenceOfAll = (name: string): boolean =>
  name === 'index' || name === REVISIONS || Object.hasOwn(QUERIES, name)

/**
 * Asks for each piece of evidence and hands its rows to `keep`. One that fails does not take the others with it: what it
 * was refused for is evidence as well.
 */
export const preserveEvidence = async (
  session: Session,
  plan: Asking,
  tables: readonly Table[],
  keep: (name: string, rows: readonly Row[]) => Promise<string>,
): Promise<Evidence[]> => {
  const kept: Evidence[] = []
  for (const [name, ask] of asksOf(plan)) {
    try {
      const rows = await ask(session, tables)
      kept.push({ name, key: await keep(name, rows), status: 'kept', detail: counted(rows) })
    } catch (error) {
      kept.push({ name, key: null, status: 'unknown', detail: error instanceof Error ? error.message : String(error) })
    }
  }
  return kept
}
