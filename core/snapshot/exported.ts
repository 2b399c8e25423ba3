import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** A moment of the database that other sessions can see, as long as the transaction that exported it is open. */
export interface Exported {
  /** For SET TRANSACTION SNAPSHOT. */
  readonly id: string
  /** ISO 8601, by the clock of the database. */
  readonly takenAt: string
}

/** Longer than any honest reader has to wait behind DDL that is under way. */
const LOCK_TIMEOUT = sql`set lock_timeout = '10s'`

/**
 * Locks the tables against changes of their definition, then takes the snapshot: the first statement that reads, in a
 * repeatable read transaction. In this order no DDL can come between what the catalogue says and what the rows are.
 */
export async function exportSnapshot(session: Session, tables: readonly Table[]): Promise<Exported> {
  await session.query(
    sql`lock table ${sql.join(tables.map(({ schema, name }) => sql`only ${sql.id(schema, name)}`))} in access share mode`,
  )
  const { rows } = await session.query<{ id: string; taken: string }>(sql`
    select pg_catalog.pg_export_snapshot() as id,
      to_char(pg_catalog.statement_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as taken`)
  const [row] = rows
  if (!row) throw new TypeError('pg_export_snapshot gives one name')
  return { id: row.id, takenAt: row.taken }
}

/** A repeatable read, read-only transaction for `work`, which begins with `exportSnapshot`. */
export async function exportingTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  // Before the transaction: within it a SELECT of set_config would take the snapshot before the locks.
  await session.script(LOCK_TIMEOUT.text)
  return session.transaction(work, { isolation: 'repeatable read', readOnly: true })
}

/** For a transaction of another session that is to see the same moment: its first statements. */
export const atSnapshot =
  ({ id }: Exported) =>
  async (session: Session): Promise<void> => {
    await session.query(sql`set transaction snapshot ${sql.literal(id)}`)
    await session.query(sql`select set_config('statement_timeout', '0', true)`)
  }

const BEAT_MS = 1_000

/** Who waits for an exclusive lock on a table that this session holds, and everybody else behind them. */
const waiting = sql`
  select n.nspname as schema, c.relname as name, w.pid
  from pg_catalog.pg_locks w
  join pg_catalog.pg_locks h on h.locktype = 'relation' and h.relation = w.relation and h.database = w.database
    and h.granted and h.pid = pg_catalog.pg_backend_pid()
  join pg_catalog.pg_class c on c.oid = w.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where w.locktype = 'relation' and not w.granted and w.mode = 'AccessExclusiveLock'
    and w.waitstart < pg_catalog.clock_timestamp() - interval '1 second'
    and n.nspname not in ('pg_catalog', 'pg_toast')
  limit 1`

const requireNobodyWaits = async (session: Session): Promise<void> => {
  const { rows } = await session.query<{ schema: string; name: string; pid: number }>(waiting)
  const [first] = rows
  if (!first) return
  throw inTheWay(`The session with pid ${first.pid}`, first)
}

/** Whoever reads the table waits behind a session that waits for us: a snapshot is not worth that. */
export const inTheWay = (who: string, table: Table, cause?: unknown): RollbackError =>
  new RollbackError(
    'Snapshot.InTheWay',
    `${who} waits to change "${printTable(table)}", and every reader would wait behind it.`,
    { fix: 'The snapshot gave way, and is none. Take it again when the change is through.', category: 'busy', cause },
  )

/**
 * Keeps the exporting transaction open during `work`, and looks every second whether it is there and in nobody's way; `work`
 * gets a signal that aborts when it is not. The server ends a transaction that is idle for 30 seconds: that of a worker
 * which is stopped or cut off does not hold back vacuum for longer.
 */
export async function keptOpen<T>(
  session: Session,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const over = new AbortController()
  const beat = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(BEAT_MS, over.signal).catch(() => undefined)
      if (!over.signal.aborted) await requireNobodyWaits(session)
    }
  }
  const beating = beat().catch((error: unknown) => {
    lost.abort(error)
    throw error
  })
  const working = work(lost.signal).finally(() => over.abort())
  const [beaten, worked] = await Promise.allSettled([beating, working])
  // What ended the transaction is the reason for what the parts say.
  if (beaten.status === 'rejected') throw beaten.reason
  if (worked.status === 'rejected') throw worked.reason
  return worked.value
}
