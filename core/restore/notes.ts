import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * What a restore has done so far, in its own schema: one row per piece of work, written in the transaction that did it. So
 * a piece that was killed is done again, and one that was committed is not.
 */
export type Piece =
  | { kind: 'part'; name: string }
  | { kind: 'constraints'; name: string }
  | { kind: 'foreign keys'; name: 'all' }
  | { kind: 'partitioned indexes'; name: 'all' }
  | { kind: 'digested'; name: string }
  | { kind: 'compared'; name: string }
  | { kind: 'swapped'; name: 'all' }
  | { kind: 'refreshed'; name: string }

export const createNotes = async (session: Session, schema: string): Promise<void> => {
  await session.query(sql`create schema ${sql.id(schema)}`)
  await session.query(
    sql`create table ${sql.id(schema, 'done')} (kind text, name text, at timestamptz not null default now(), primary key (kind, name))`,
  )
}

export const notesExist = async (session: Session, schema: string): Promise<boolean> => {
  const { rows } = await session.query<{ there: boolean }>(
    sql`select exists (select from pg_catalog.pg_namespace where nspname = ${schema}) as there`,
  )
  return rows[0]?.there === true
}

/**
 * Notes a piece of work as done; `false` when it was done before. A twin that does it at this moment is waited for.
 * In the transaction of the work.
 */
export async function markDone(session: Session, schema: string, { kind, name }: Piece): Promise<boolean> {
  const { rowCount } = await session.query(
    sql`insert into ${sql.id(schema, 'done')} (kind, name) values (${kind}, ${name}) on conflict do nothing`,
  )
  return rowCount === 1
}

/** A table as the name of a piece. Quoted: a dot may be part of a name. */
export const pieceName = ({ schema, name }: Table): string => sql.id(schema, name).text

/** Names of the pieces of a kind that are done. Empty when there are no notes. */
export async function doneOf(session: Session, schema: string, kind: Piece['kind']): Promise<Set<string>> {
  try {
    const { rows } = await session.query<{ name: string }>(
      sql`select name from ${sql.id(schema, 'done')} where kind = ${kind}`,
    )
    return new Set(rows.map(({ name }) => name))
  } catch (error) {
    if (sqlState(error) === '42P01') return new Set()
    throw error
  }
}

/**
 * For a transaction of ours on tables that nobody else knows: as long as it takes. What ends it is the signal of the
 * session, and the watchdog of a COPY.
 */
export const takeYourTime = async (session: Session): Promise<void> => {
  await session.query(sql`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`)
}
