import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** The table in which a migration tool keeps the revision that the database is at, such as `public.alembic_version`. */
export interface Ledger {
  readonly table: Table
  readonly column: string
}

/** A move of the ledger as a plan says it: absolute, and from known revisions only. */
export interface LedgerMove extends Ledger {
  readonly from: readonly string[]
  readonly to: string
}

/** A move as it was made, for the way back. `before` and `after` are the same where the ledger was at the target already. */
export interface LedgerMoved extends Ledger {
  readonly before: string
  readonly after: string
  /** A snapshot took the place of the tables and brought the ledger back: from then on it is no concern of ours. */
  readonly back?: true
}

/**
 * The revisions that stand in the ledger; a tool with branches writes one for each head. Throws `Ledger.NotThere`,
 * `Ledger.NotGranted`.
 */
export async function readLedger(session: Session, { table, column }: Ledger): Promise<string[]> {
  const name = sql.id(table.schema, table.name)
  const { rows: found } = await session.query<{ there: boolean; granted: boolean | null; role: string }>(sql`
    select to_regclass(${name.text}) is not null as there, current_user::text as role,
           has_table_privilege(to_regclass(${name.text}), 'SELECT')
             and has_table_privilege(to_regclass(${name.text}), 'UPDATE') as granted`)
  const [state] = found
  if (!state?.there) {
    throw new RollbackError('Ledger.NotThere', `There is no ledger "${printTable(table)}".`, {
      fix: 'Correct its name in the plan, or restore it: without it nobody knows which revision is being undone.',
      category: 'refused',
    })
  }
  if (!state.granted) {
    throw new RollbackError('Ledger.NotGranted', `"${state.role}" may not read and move "${printTable(table)}".`, {
      fix: `Run as its owner: ${sql`grant select, update on ${name} to ${sql.id(state.role)}`.text};`,
      category: 'refused',
    })
  }
  const { rows } = await session.query<{ revision: string }>(
    sql`select ${sql.id(column)}::text as revision from ${name} order by 1`,
  )
  return rows.map(({ revision }) => revision)
}

/**
 * The one of these revisions that stands in the ledger. Those of other branches may stand beside it. Throws
 * `Ledger.OtherRevision` when none of them does, or more than one.
 */
export async function requireRevision(session: Session, ledger: Ledger, known: readonly string[]): Promise<string> {
  const there = await readLedger(session, ledger)
  const [found, second] = there.filter((revision) => known.includes(revision))
  if (found !== undefined && second === undefined) return found
  const quoted = (list: readonly string[]) => list.map((revision) => `"${revision}"`).join(', ') || 'no revision'
  throw new RollbackError(
    'Ledger.OtherRevision',
    `"${printTable(ledger.table)}" says ${quoted(there)}; expected is one of ${quoted(known)}.`,
    {
      fix: 'Nothing was changed. Another migration ran, or this one never did: see which with the migration tool, then correct the plan or bring the ledger there.',
      category: 'refused',
    },
  )
}

/** For a transaction that keeps other writers out of the ledger. Changes nothing where it is at the target already. */
export async function moveLedger(session: Session, ledger: Ledger, before: string, after: string): Promise<void> {
  if (before === after) return
  const column = sql.id(ledger.column)
  const { rowCount } = await session.query(
    sql`update ${sql.id(ledger.table.schema, ledger.table.name)} set ${column} = ${after} where ${column} = ${before}`,
  )
  // A ledger with a rule or a policy in it, or one with the same revision twice.
  if (rowCount === 1) return
  throw new RollbackError(
    'Ledger.NotMoved',
    `Moving "${printTable(ledger.table)}" concerned ${rowCount} rows, not 1.`,
    {
      fix: 'It was rolled back. See what rules, policies or duplicates the ledger has.',
      category: 'refused',
    },
  )
}
