import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** A transaction that holds a lock on a table. `pid` is null for a prepared one, whose name is `prepared`. */
export type Blocker = {
  readonly schema: string
  readonly name: string
  readonly pid: number | null
  readonly application: string | null
  readonly state: string | null
  /** Seconds since its last statement began; for a prepared transaction since it was prepared. */
  readonly age: number | null
  readonly prepared: string | null
}

/**
 * Holders of any lock on the tables, other than this session: every mode conflicts with ACCESS EXCLUSIVE.
 * `pg_blocking_pids` knows them only while the request waits. A prepared transaction has no pid; it is found by the lock
 * on its own transaction id, which has the same virtual transaction.
 */
const lockHolders = (tables: readonly Table[]) => sql`
  select distinct n.nspname as schema, c.relname as name, l.pid, a.application_name as application,
    coalesce(a.state, a.backend_type) as state, p.gid as prepared,
    extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.query_start, a.xact_start, p.prepared))::float8 as age
  from pg_catalog.pg_locks l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_stat_activity a on a.pid = l.pid
  left join pg_catalog.pg_locks x on l.pid is null and x.pid is null and x.locktype = 'transactionid'
    and x.virtualtransaction = l.virtualtransaction
  left join pg_catalog.pg_prepared_xacts p on p.transaction = x.transactionid
  where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_catalog.pg_backend_pid()
    and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    and (n.nspname, c.relname) in (${sql.join(tables.map(({ schema, name }) => sql`(${schema}, ${name})`))})
  order by age desc nulls last`

export const findBlockers = async (session: Session, tables: readonly Table[]): Promise<Blocker[]> =>
  (await session.query<Blocker>(lockHolders(tables))).rows

/** `public.embeddings: "reporting" (pid 4711), idle in transaction, last statement 312 s ago`. */
export const printBlocker = ({ schema, name, pid, application, state, age, prepared }: Blocker): string => {
  const seconds = age === null ? '' : `${Math.round(age)} s ago`
  const holder =
    prepared === null
      ? `"${application ?? ''}" (pid ${pid}), ${state ?? 'state hidden'}${seconds && `, last statement ${seconds}`}`
      : `prepared transaction "${prepared}", ${seconds}`
  return `${printTable({ schema, name })}: ${holder}`
}
