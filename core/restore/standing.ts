import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/** A table in service under a name that a restore needs. */
export interface StandingTable extends Table {
  /** `null`: not known; this role may not count them, and the server never did. */
  readonly rows: number | null
  /** `false`: the server's estimate. */
  readonly counted: boolean
}

/** Counting reads a table in service: no longer than this. It is counted exactly once nobody writes it any more. */
const COUNT_MS = 3_000

/** query_canceled by the timeout, insufficient_privilege. */
const CANNOT_TELL = ['57014', '42501']

/** The tables that stand under these names, with their rows. */
export async function standingTables(session: Session, tables: readonly Table[]): Promise<StandingTable[]> {
  const standing: StandingTable[] = []
  for (const table of await existing(session, tables)) {
    const rows = await count(session, table)
    standing.push({ ...table, rows: rows ?? (await estimate(session, table)), counted: rows !== null })
  }
  return standing
}

/** For people: `"public.items" (12 rows)`. */
export const printStanding = ({ rows, counted, ...table }: StandingTable): string =>
  `"${printTable(table)}" (${rows === null ? 'an unknown number of' : `${counted ? '' : 'about '}${rows}`} rows)`

/** `null` when that cannot be told in time, or by this role: of a table that forces row security the server's estimate is had. */
async function count(session: Session, { schema, name }: Table): Promise<number | null> {
  try {
    return await session.transaction(
      async () => {
        await session.query(sql`select set_config('statement_timeout', ${String(COUNT_MS)}, true)`)
        const { rows } = await session.query<{ rows: string }>(
          sql`select count(*)::text as rows from only ${sql.id(schema, name)}`,
        )
        return Number(rows[0]?.rows)
      },
      { readOnly: true },
    )
  } catch (error) {
    if (CANNOT_TELL.includes(sqlState(error) ?? '')) return null
    throw error
  }
}

async function estimate(session: Session, { schema, name }: Table): Promise<number | null> {
  const { rows } = await session.query<{ rows: number | null }>(sql`
    select case when c.reltuples >= 0 then c.reltuples::float8 end as rows
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${schema} and c.relname = ${name}`)
  return rows[0]?.rows ?? null
}
