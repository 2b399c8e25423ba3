import { printTable, type Table } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Session } from '#core/ports.ts'
import { findReaders } from '#core/retire/readers.ts'
import { readRoleStandings } from '#core/retire/standing.ts'
import { findBlockers, printBlocker } from '#core/sql/blockers.ts'
import { sql } from '#core/sql/tag.ts'

const invalidIndexes = (tables: readonly Table[]) => sql`
  select s.nspname as schema, i.relname as name from pg_catalog.pg_index x
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  join pg_catalog.pg_namespace s on s.oid = i.relnamespace
  join pg_catalog.pg_class c on c.oid = x.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where not x.indisvalid and (n.nspname, c.relname) in (select * from unnest(
    ${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]))
  order by 1, 2`

/** Indexes that an interrupted build or drop left: still written to, never read. */
export const invalidIndexNotes = async (session: Session, tables: readonly Table[]): Promise<string[]> => {
  const { rows } = await session.query<{ schema: string; name: string }>(invalidIndexes(tables))
  return rows.map((index) => `index "${printTable(index)}" is invalid: an interrupted build or drop left it`)
}

/** A check as a role that the session may not become gives no answer, and unknown is not success. */
export const roleNotes = async (session: Session, plan: Plan, names: readonly string[]): Promise<string[]> => {
  const roles = new Map<string, string[]>()
  for (const name of names) {
    const check = plan.checks[name]
    if (check?.kind === 'sql' && check.as !== null) roles.set(check.as, [...(roles.get(check.as) ?? []), name])
  }
  const standings = await readRoleStandings(session, [...roles.keys()])
  return [...roles].flatMap(([role, checks]) => {
    const standing = standings.find(({ name }) => name === role)
    if (standing?.settable) return []
    const why = standing ? `may not become "${role}": grant it` : `cannot become "${role}": there is no such role`
    return [`this role ${why}; ${checks.length} checks would be unknown (${checks.join(', ')})`]
  })
}

/** Seconds after which a transaction is no passing one. */
const LONG = 5

/** Transactions that a move would wait for. */
export const blockerNotes = async (session: Session, tables: readonly Table[]): Promise<string[]> =>
  (await findBlockers(session, tables))
    .filter(({ prepared, age }) => prepared !== null || (age !== null && age >= LONG))
    .map((blocker) => `a lock is held on ${printBlocker(blocker)}`)

/** Nothing can keep them out; who they are is worth knowing. */
export const readerNotes = async (session: Session): Promise<string[]> => {
  const readers = (await findReaders(session)).filter(({ unavoidable }) => unavoidable)
  if (readers.length === 0) return []
  return [`still able to read retired tables: ${readers.map(({ role, through }) => `${role} (${through})`).join(', ')}`]
}
