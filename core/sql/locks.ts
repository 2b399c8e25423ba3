import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { type Blocker, findBlockers, printBlocker } from '#core/sql/blockers.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type Sql, sql } from '#core/sql/tag.ts'
import { findToastTables } from '#core/sql/toast.ts'

export interface TableLockOptions {
  /** Milliseconds that one try may make others wait, for all tables together, the work included. Default 100. */
  readonly budgetMs?: number
  /** Tables that the work only adds a foreign key to, at either end: locked against writers, and readers pass. */
  readonly againstWriters?: readonly Table[]
  /** Milliseconds after which it gives up. Default 60,000. */
  readonly deadlineMs?: number
  /** In [0, 1): spreads the tries of several sessions. */
  readonly random?: () => number
  readonly signal?: AbortSignal
  /**
   * Asked before each try, and once more when the locks are held, before the work: throws when the work may no longer be
   * done. Whoever waits behind the locks waits for the answer, too: it gets what is left of the budget.
   */
  readonly guard?: () => Promise<void>
}

/** Longer than `deadlock_timeout` (1 s by default), after which autovacuum gives way. */
const AUTOVACUUM_YIELDS_MS = 3_000

/**
 * Of the budget, for getting the locks: whoever waits behind the try that succeeds waits for the work as well. A
 * retirement of one table held the lock for 20 ms (docs/performance.md), more on a busy machine.
 */
const SHARE_OF_WAITING = 0.6

/** Of the budget, for getting the locks and the guard's answer together; the rest is the work's. */
const SHARE_OF_GUARD = 0.8

/**
 * Milliseconds after which the server ends a session that holds the locks and says nothing: its process was frozen, or is gone without
 * a word. Longer than a busy machine lets us wait for the processor. It also bounds how old the guard's answer can be.
 */
const PAUSED_MS = 2_000

/** lock_not_available, query_canceled (the statement's timeout), deadlock_detected. */
const TRY_AGAIN = new Set(['55P03', '57014', '40P01'])

/** A table, or a view: LOCK TABLE would take all that a view reads as well, and takes no materialized view. */
export interface LockableRelation extends Table {
  readonly kind?: 'view' | 'materialized view'
}

type Mode = 'share update exclusive' | 'share row exclusive' | 'access exclusive'

const lockTables = (relations: readonly LockableRelation[], mode: Mode): Sql => {
  const tables = relations.filter(({ kind }) => kind === undefined)
  const lock = sql`lock table ${sql.join(tables.map(({ schema, name }) => sql.id(schema, name)))} in ${sql.raw(mode)} mode`
  const views = relations.flatMap((relation) => lockView(relation, mode))
  if (views.length === 0 && tables.length > 0) return lock
  const body = [...(tables.length > 0 ? [lock.text] : []), ...views].map((text) => `${text};\n`).join('')
  // In one statement, so that its timeout bounds the sum.
  return sql`do ${sql.literal(`begin\n${body}end`)}`
}

/** Statements that take a lock and change nothing. Only a materialized view is ever vacuumed. */
const lockView = ({ schema, name, kind }: LockableRelation, mode: Mode): string[] => {
  if (kind === undefined || (kind === 'view' && mode === 'share update exclusive')) return []
  const relation = sql.literal(sql.id(schema, name).text).text
  const format =
    mode === 'access exclusive'
      ? `'alter ${kind} %s owner to %I', oid::regclass, pg_catalog.pg_get_userbyid(relowner)`
      : `'comment on ${kind} %s is %L', oid::regclass, pg_catalog.obj_description(oid, 'pg_class')`
  return [`execute (select pg_catalog.format(${format}) from pg_catalog.pg_class where oid = ${relation}::regclass)`]
}

const setTimeouts = (lock: string, statement: string): Sql => sql`
  select pg_catalog.set_config('lock_timeout', ${lock}, true), pg_catalog.set_config('statement_timeout', ${statement}, true)`

const endWhenPaused = sql`
  select pg_catalog.set_config('idle_in_transaction_session_timeout', ${`${PAUSED_MS}ms`}, true)`

const currentTimeout = sql`select pg_catalog.current_setting('statement_timeout') as value`
const savepoint = sql`savepoint before_locks`
const rollbackToSavepoint = sql`rollback to savepoint before_locks`

/**
 * Runs `work` in a transaction that holds ACCESS EXCLUSIVE on the tables and views, and commits.
 *
 * A request that waits for ACCESS EXCLUSIVE makes every later reader wait behind it, so each try waits for most of the budget
 * only, then lets everyone pass for about half a second. Such short tries alone lose against an autovacuum, which gives
 * way only to a request that waits for `deadlock_timeout`: SHARE UPDATE EXCLUSIVE comes first, waits for seconds, blocks
 * neither readers nor writers, and keeps the next autovacuum out, of the TOAST tables as well. `lock_timeout` counts for each table anew;
 * the statement's timeout bounds their sum.
 *
 * For the owner of the tables. Throws `Locks.NotAcquired` with the sessions that hold locks when the deadline passes,
 * `Locks.NoAnswer` when the guard did not answer in time under them, and what the guard throws.
 */
export const withTableLocks = async <T>(
  session: Session,
  tables: readonly LockableRelation[],
  clock: Clock,
  options: TableLockOptions,
  work: () => Promise<T>,
): Promise<T> => {
  const { budgetMs = 100, deadlineMs = 60_000, againstWriters = [], random = Math.random, signal, guard } = options
  const everything = inOrder([...tables, ...againstWriters])
  const locked: Table[] = [...everything]
  // Each statement has its own timeout; together they have the budget.
  const tries = [againstWriters, tables].filter(({ length }) => length > 0).length
  const tryMs = Math.max(1, Math.floor((budgetMs * SHARE_OF_WAITING) / tries))
  const deadline = clock.now().getTime() + deadlineMs

  const acquire = async (
    timeouts: Sql,
    statements: readonly Sql[],
    held: (waitedMs: number) => Promise<void>,
  ): Promise<void> => {
    await session.query(savepoint)
    for (;;) {
      try {
        // After the savepoint: when a statement fails they are gone with it, and nothing cuts short the way back.
        await session.query(timeouts)
        await guard?.()
        const asked = performance.now()
        for (const statement of statements) await session.query(statement)
        await held(performance.now() - asked)
        return
      } catch (error) {
        if (!(error instanceof NoAnswer) && !TRY_AGAIN.has(sqlState(error) ?? '')) throw error
        await session.query(rollbackToSavepoint)
        const pause = 400 + random() * 200
        if (clock.now().getTime() + pause >= deadline) {
          if (error instanceof NoAnswer) throw noAnswer(everything, budgetMs, deadlineMs)
          throw notAcquired(everything, await findBlockers(session, locked), deadlineMs, error)
        }
        await clock.sleep(pause, signal)
      }
    }
  }

  if (everything.length === 0)
    return session.transaction(async () => {
      await guard?.()
      return work()
    })
  return session.transaction(async () => {
    const { rows } = await session.query<{ value: string }>(currentTimeout)
    const before = rows[0]?.value ?? '0'
    const ordered = await parentsFirst(session, everything)
    const exclusive = [
      { of: ordered.filter((table) => againstWriters.includes(table)), mode: 'share row exclusive' as const },
      { of: ordered.filter((table) => tables.includes(table)), mode: 'access exclusive' as const },
    ].filter(({ of }) => of.length > 0)
    const toast = await findToastTables(session, tables)
    locked.push(...toast.map((table) => table.toast))
    const patient = setTimeouts(`${AUTOVACUUM_YIELDS_MS}ms`, before)
    const short = setTimeouts(`${tryMs}ms`, `${tryMs}ms`)
    await acquire(
      patient,
      [lockTables(ordered, 'share update exclusive'), ...toast.map(({ lock }) => lock)],
      async () => {},
    )
    await acquire(
      short,
      [endWhenPaused, ...exclusive.map(({ of, mode }) => lockTables(of, mode))],
      async (waitedMs) => {
        const left = budgetMs * SHARE_OF_GUARD - waitedMs
        if (guard) await inTime(guard, Math.max(left, budgetMs * (SHARE_OF_GUARD - SHARE_OF_WAITING)), clock)
      },
    )
    // What the work locks besides these tables has to be as quick.
    await session.query(setTimeouts(`${budgetMs}ms`, before))
    return work()
  })
}

class NoAnswer extends Error {}

/** Throws `NoAnswer` when the guard has not answered after so many milliseconds. */
const inTime = async (guard: () => Promise<void>, milliseconds: number, clock: Clock): Promise<void> => {
  const answered = new AbortController()
  const tooLate = clock.sleep(milliseconds, answered.signal).then(
    () => Promise.reject(new NoAnswer()),
    () => undefined,
  )
  const answer = guard()
  // One that comes when nobody waits for it any more concerns nobody.
  answer.catch(() => undefined)
  try {
    await Promise.race([answer, tooLate])
  } finally {
    answered.abort()
  }
}

/** Everyone in the same order: two of us cannot wait for each other. */
const inOrder = (tables: readonly LockableRelation[]): LockableRelation[] =>
  tables.toSorted((a, b) => compare(a.schema, b.schema) || compare(a.name, b.name))

/**
 * Whoever reads a partitioned table locks it first, then its partitions. Holding a partition while waiting for the table would
 * be a deadlock with each of them, on each try.
 */
async function parentsFirst(session: Session, tables: readonly LockableRelation[]): Promise<LockableRelation[]> {
  const { rows } = await session.query<{ place: number }>(sql`
    with recursive up as (
      select wanted.place::int, c.oid, 0 as depth
        from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])
             with ordinality wanted (schema, name, place)
        left join pg_catalog.pg_namespace n on n.nspname = wanted.schema
        left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      union all
      select place, i.inhparent, depth + 1 from up join pg_catalog.pg_inherits i on i.inhrelid = up.oid)
    select place from up group by place order by max(depth), place`)
  return rows.flatMap(({ place }) => tables[place - 1] ?? [])
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const noAnswer = (tables: readonly Table[], budgetMs: number, deadlineMs: number): RollbackError =>
  new RollbackError(
    'Locks.NoAnswer',
    `The locks on ${tables.map((table) => `"${printTable(table)}"`).join(', ')} were there, but nobody said within ${budgetMs} ms, again and again for ${deadlineMs} ms, that the work may still be done.`,
    {
      fix: 'The bucket, which is asked, is slow: run the step again, or raise "budgets.lock" of the plan.',
      category: 'unreachable',
    },
  )

const notAcquired = (
  tables: readonly Table[],
  blockers: readonly Blocker[],
  deadlineMs: number,
  cause: unknown,
): RollbackError => {
  const names = tables.map((table) => `"${printTable(table)}"`).join(', ')
  const holders = blockers.map(printBlocker).join('; ')
  const pids = blockers.flatMap(({ pid }) => pid ?? [])
  const prepared = blockers.flatMap(({ prepared }) => prepared ?? [])
  const commands = [
    ...new Set(pids.map((pid) => `select pg_terminate_backend(${pid})`)),
    ...new Set(prepared.map((gid) => `rollback prepared '${gid}'`)),
  ]
  return new RollbackError(
    'Locks.NotAcquired',
    `No exclusive lock on ${names} within ${deadlineMs} ms; held by ${holders || 'sessions that come and go'}.`,
    {
      fix: commands.length > 0 ? `Ask their owners, or end them: ${commands.join('; ')}.` : 'Run the step again.',
      cause,
    },
  )
}
