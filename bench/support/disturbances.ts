import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { printTable, type Table } from '#core/names.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import { withClient } from './scratch-database.ts'

const LONG_TRANSACTION_MS = 2_000
const PREPARED_MS = 3_000
const AUTOVACUUM_WITHIN_MS = 30_000

/** An autovacuum that has something to do. */
export interface Vacuum {
  readonly table: Table
  /** The statement that leaves dead rows behind. */
  readonly deadRows: string
  /** Vacuums at work at the same time: the TOAST table has one of its own. */
  readonly atOnce: 1 | 2
}

export interface Disturbances {
  /** From now on: the transactions end by themselves, the long one after 2 s, the prepared one after 3 s. */
  release(): Promise<void>
  /** Whether autovacuum works on the table now, and on its TOAST table where that has dead rows. */
  autovacuumAtWork(): Promise<boolean>
  close(): Promise<void>
}

/**
 * What stands in the way of an exclusive lock on a good day: a transaction that has read the tables and is idle, a prepared
 * transaction that has written to them, and the autovacuum that the server itself started on one of them, made slow. The
 * server must look for work every second (`withQuickAutovacuum`).
 */
export const disturb = async (
  database: ScratchDatabase,
  tables: readonly Table[],
  { table, deadRows, atOnce }: Vacuum,
): Promise<Disturbances> => {
  const names = tables.map(printTable)
  const gid = `${database.name}-prepared`
  const superuser = new Client(database.superuserUrl)
  const reader = new Client(database.appUrl)
  for (const client of [superuser, reader]) client.on('error', () => undefined)
  const autovacuumAtWork = async (): Promise<boolean> => {
    const { rowCount } = await superuser.query(
      `select from pg_stat_progress_vacuum p join pg_stat_activity a using (pid)
         join pg_class c on p.relid in (c.oid, c.reltoastrelid)
        where c.oid = $1::regclass and a.backend_type = 'autovacuum worker' and p.datname = current_database()`,
      [printTable(table)],
    )
    return rowCount === atOnce
  }
  try {
    await superuser.connect()
    await reader.connect()
    await withClient(database.url, async (owner) => {
      await owner.query(deadRows)
      const options = ['autovacuum_', 'toast.autovacuum_'].map(
        (prefix) => `${prefix}enabled = true, ${prefix}vacuum_threshold = 1, ${prefix}vacuum_scale_factor = 0,
          ${prefix}vacuum_cost_delay = 100, ${prefix}vacuum_cost_limit = 1`,
      )
      await owner.query(`alter table ${printTable(table)} set (${options.join(', ')})`)
    })
    const begun = performance.now()
    while (!(await autovacuumAtWork())) {
      if (performance.now() - begun > AUTOVACUUM_WITHIN_MS) throw new Error('no autovacuum came')
      await sleep(50)
    }
    await superuser.query('begin')
    for (const name of names) await superuser.query(`update ${name} set touched = touched + 1 where id = 1`)
    await superuser.query(`prepare transaction '${gid}'`)
    await reader.query('begin')
    for (const name of names) await reader.query(`select from ${name} where id = 1`)
  } catch (error) {
    await Promise.all([superuser.end(), reader.end()])
    throw error
  }
  return {
    autovacuumAtWork,
    async release() {
      await sleep(LONG_TRANSACTION_MS)
      await reader.query('commit')
      await sleep(PREPARED_MS - LONG_TRANSACTION_MS)
      await superuser.query(`commit prepared '${gid}'`)
    },
    close: async () => void (await Promise.all([superuser.end(), reader.end()])),
  }
}

/** A server that looks every second for tables to vacuum, for the length of `work`. */
export const withQuickAutovacuum = async <T>(server: string, work: () => Promise<T>): Promise<T> => {
  const say = (statement: string) =>
    withClient(server, async (client) => {
      await client.query(statement)
      await client.query('select pg_reload_conf()')
    })
  await say("alter system set autovacuum_naptime = '1s'")
  try {
    return await work()
  } finally {
    await say('alter system reset autovacuum_naptime')
  }
}
