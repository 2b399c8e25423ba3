import { RollbackError } from '#core/errors.ts'
import type { PlanName } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Backend = { readonly pid: number; readonly application: string }

const keyOf = (plan: PlanName) => sql`pg_catalog.hashtextextended(${`vector-rollback:${plan}`}, 0)`

const tryExclusive = (plan: PlanName) => sql`select pg_catalog.pg_try_advisory_lock(${keyOf(plan)}) as taken`

const tryShared = (plan: PlanName) => sql`select pg_catalog.pg_try_advisory_lock_shared(${keyOf(plan)}) as taken`

/** pg_locks shows the halves of the key as two oids. */
const holders = (plan: PlanName) => sql`
  select l.pid, a.application_name as application
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = a.datid and a.datname = pg_catalog.current_database()
    and (l.classid::int8 << 32 | l.objid::int8) = ${keyOf(plan)}
    and l.pid <> pg_catalog.pg_backend_pid()
  order by l.pid`

/**
 * Takes the plan's lock for the rest of the session, without waiting. `shared` holders exclude `exclusive` ones only.
 * Throws `Lease.Busy` with the holders.
 */
export const takePlanLock = async (
  session: Session,
  plan: PlanName,
  mode: 'exclusive' | 'shared' = 'exclusive',
): Promise<void> => {
  const { rows } = await session.query<{ taken: boolean }>(mode === 'exclusive' ? tryExclusive(plan) : tryShared(plan))
  if (rows[0]?.taken) return
  const { rows: found } = await session.query<Backend>(holders(plan))
  const names = found.map(({ pid, application }) => `"${application}" (pid ${pid})`).join(', ')
  throw new RollbackError(
    'Lease.Busy',
    `Plan "${plan}" is being worked on by ${names || 'a session that just ended'}.`,
    {
      fix: 'Wait for it, or take the lease over, which ends its sessions.',
      category: 'busy',
    },
  )
}

const terminate = (prefix: string) => sql`
  select pid, application_name as application, pg_catalog.pg_terminate_backend(pid) as signalled
  from pg_catalog.pg_stat_activity
  where pg_catalog.starts_with(application_name, ${prefix}) and datname = pg_catalog.current_database()
    and pid <> pg_catalog.pg_backend_pid()
  order by pid`

/** Waits in the server, at most so many milliseconds for each. Sending the signal again does no harm. */
const awaitEnd = (pids: readonly number[], milliseconds: number) => sql`
  select a.pid from pg_catalog.pg_stat_activity a
  where a.pid = any (${pids}::int4[]) and not pg_catalog.pg_terminate_backend(a.pid, ${milliseconds})`

const stillThere = (pids: readonly number[]) => sql`
  select pid, application_name as application from pg_catalog.pg_stat_activity where pid = any (${pids}::int4[])`

/**
 * Ends the sessions of this database whose application_name starts with the prefix, `vector-rollback:<plan>:[<epoch>:]`,
 * and waits until they are gone and their transactions with them. Resolves to those that were there.
 * Throws `Lease.HolderAlive` when one outlives two seconds, `Postgres.InsufficientPrivilege` without `pg_signal_backend`.
 */
export const terminateBackends = async (session: Session, prefix: string): Promise<Backend[]> => {
  if (!/^vector-rollback:.*:$/.test(prefix)) {
    throw new RollbackError('Lease.BadPrefix', `"${prefix}" would end sessions that are not ours.`, {
      fix: 'Use a prefix such as "vector-rollback:<plan>:".',
      category: 'usage',
    })
  }
  const { rows } = await session.query<Backend>(terminate(prefix))
  if (rows.length === 0) return []
  const pids = rows.map(({ pid }) => pid)
  await session.query(awaitEnd(pids, 2_000))
  const { rows: alive } = await session.query<Backend>(stillThere(pids))
  if (alive.length > 0) {
    const names = alive.map(({ pid, application }) => `"${application}" (pid ${pid})`).join(', ')
    throw new RollbackError('Lease.HolderAlive', `Still there after they were told to end: ${names}.`, {
      fix: 'Look at what they wait for (pg_stat_activity), then take over again.',
      category: 'busy',
    })
  }
  return rows.map(({ pid, application }) => ({ pid, application }))
}
