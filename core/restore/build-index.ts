import { createIndex } from '#core/ddl/render/indexes.ts'
import { digestOf } from '#core/json.ts'
import type { Session } from '#core/ports.ts'
import { maintenanceMemory } from '#core/restore/index-memory.ts'
import { type IndexToBuild, indexState } from '#core/restore/index-to-build.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

export interface BuildProgress {
  /** As `pg_stat_progress_create_index` says: `building index: loading tuples`. */
  readonly phase: string
  /** 0 to 100 of this phase; `null` when the phase has no measure. */
  readonly percent: number | null
  /** Since its statement began. */
  readonly seconds: number
}

export interface BuildResult {
  /** `built`: it is there and valid. `started`: by this call, and it goes on in the server. `running`: an earlier call's. */
  readonly state: 'built' | 'started' | 'running'
  readonly changed: boolean
  readonly progress: BuildProgress | null
  /** `false`: the graph will not fit into the memory budget, and the build takes about three times as long. */
  readonly fitsMemory: boolean
}

export interface BuildOptions {
  /** Prefix of the builder's application_name, by which a takeover ends it; at most 50 bytes. */
  readonly applicationName: string
  /** Milliseconds to wait for the build before the session is left behind. */
  readonly waitMs: number
  /** Bytes that maintenance_work_mem may be set to. */
  readonly memoryBudget: number
  /** `max_parallel_maintenance_workers`. */
  readonly workers: number
  /** Asked before each statement that changes something; throws when it may no longer be run. */
  readonly guard?: () => Promise<void>
}

/** The builder of one index is found again by this, whoever started it. At most 63 bytes, as PostgreSQL keeps. */
export const builderName = (prefix: string, { table, name }: IndexToBuild): string =>
  `${prefix.slice(0, 50)}:${digestOf([table.schema, table.name, name]).slice(0, 12)}`

/**
 * Looks first, then starts, then waits a while: called again and again until it says `built`. A build that is running is
 * left alone; one that left an invalid index is cleared away and started again; one that vanished (failover, restart) is
 * started again. The session is of no use after `started`. Long index builds outlive their client: see `Session.startLong`.
 */
export async function buildIndex(session: Session, index: IndexToBuild, options: BuildOptions): Promise<BuildResult> {
  const builder = builderName(options.applicationName, index)
  const guard = async () => options.guard?.()
  const { bytes, fits } = maintenanceMemory(index.memory, options.memoryBudget)
  const result = (state: BuildResult['state'], progress: BuildProgress | null = null): BuildResult => ({
    state,
    changed: state === 'started',
    progress,
    fitsMemory: fits,
  })
  // The lock goes with the builder's backend, so it is held exactly as long as the build runs.
  const lock = sql`pg_catalog.hashtextextended(${`vector-rollback:index:${index.table.schema}.${index.name}`}, 0)`
  const { rows } = await session.query<{ taken: boolean }>(
    sql`select pg_catalog.pg_try_advisory_lock(${lock}) as taken`,
  )
  if (rows[0]?.taken !== true) return result('running', await progressOf(session, builder))
  const state = await indexState(session, index)
  if (state === 'built' || state === 'bare') {
    if (state === 'bare') await guard().then(() => dress(session, index))
    await session.query(sql`select pg_catalog.pg_advisory_unlock(${lock})`)
    return { ...result('built'), changed: state === 'bare' }
  }
  await session.query(buildSettings(builder, bytes, options.workers, index.tablespace))
  const deadline = performance.now() + options.waitMs
  // Either waits for old transactions, as long as they last, and blocks nobody meanwhile.
  for (const statement of [
    ...(state === 'invalid' ? [dropInvalid(index)] : []),
    createIndex(index, index.table, index.mode),
  ]) {
    await guard()
    const { finished } = await session.startLong(statement, Math.max(0, deadline - performance.now()))
    if (!finished) return result('started')
  }
  if (index.mode === 'concurrently') await guard().then(() => dress(session, index))
  return { ...result('built'), changed: true }
}

/** What CREATE INDEX cannot say. None of it holds up readers or writers. */
async function dress(
  session: Session,
  { table, name, comment, clustered, statisticsTargets }: IndexToBuild,
): Promise<void> {
  const index = sql.id(table.schema, name)
  await session.query(sql`comment on index ${index} is ${comment === null ? sql`null` : sql.literal(comment)}`)
  for (const [column, target] of Object.entries(statisticsTargets)) {
    await session.query(
      sql`alter index ${index} alter column ${sql.raw(String(Number(column)))} set statistics ${sql.raw(String(target))}`,
    )
  }
  if (clustered) await session.query(sql`alter table ${sql.id(table.schema, table.name)} cluster on ${sql.id(name)}`)
}

/** Concurrently in both modes: nobody waits behind it. */
const dropInvalid = ({ table, name }: IndexToBuild): Sql =>
  sql`drop index concurrently if exists ${sql.id(table.schema, name)}`

/** For the builder's session. */
const buildSettings = (builder: string, bytes: number, workers: number, tablespace: string | null): Sql => {
  const settings: Record<string, string> = {
    application_name: builder,
    maintenance_work_mem: `${Math.floor(bytes / 1024)}kB`,
    max_parallel_maintenance_workers: String(workers),
    lock_timeout: '0',
    default_tablespace: tablespace ?? '',
  }
  return sql`select ${sql.join(Object.entries(settings).map(([name, value]) => sql`set_config(${name}, ${value}, false)`))}`
}

async function progressOf(session: Session, builder: string): Promise<BuildProgress | null> {
  const { rows } = await session.query<{ phase: string; percent: number | null; seconds: number }>(sql`
    select p.phase, round(100.0 * case when p.tuples_total > 0 then p.tuples_done::numeric / p.tuples_total
        when p.blocks_total > 0 then p.blocks_done::numeric / p.blocks_total end)::int as percent,
      extract(epoch from pg_catalog.clock_timestamp() - a.query_start)::int as seconds
    from pg_catalog.pg_stat_progress_create_index p join pg_catalog.pg_stat_activity a on a.pid = p.pid
    where a.application_name = ${builder} and a.pid <> pg_catalog.pg_backend_pid()`)
  return rows[0] ?? null
}
