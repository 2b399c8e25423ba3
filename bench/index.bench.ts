import { setTimeout as sleep } from 'node:timers/promises'
import { postgres } from '#aws/postgres.ts'
import { captureTable } from '#core/ddl/capture.ts'
import type { Database } from '#core/ports.ts'
import { buildIndex } from '#core/restore/build-index.ts'
import { maintenanceMemory } from '#core/restore/index-memory.ts'
import { type IndexToBuild, indexesToBuild } from '#core/restore/index-to-build.ts'
import { sql } from '#core/sql/tag.ts'
import { startPostgres } from '#test/support/postgres.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { randomVectors } from './support/random-vectors.ts'
import { scratchDatabase } from './support/scratch-database.ts'
import { median } from './support/statistics.ts'

/** A build of 100,000 takes minutes; of a fifth it takes the same share of everything. */
const ROWS = 20_000
const ROUNDS = 5
const DIMENSIONS = 1536
const TABLE = { schema: 'public', name: 'embeddings' }
/** As the step has them. */
const MEMORY_BUDGET = 2 * 1024 ** 3
const WORKERS = 2
/** The function is gone after a second; it is asked again as often as this. The state machine asks every 15 s, after 14 minutes. */
const LEFT_AFTER_MS = 1_000
const POLL_MS = 500

const database = (url: string): Database => postgres({ url })
const OPTIONS = { applicationName: 'vector-rollback:bench', statementTimeout: 0 }

/** Loads the table, and says what is to be built on it. */
const prepared = async (url: string, rows: number): Promise<IndexToBuild> =>
  database(url).session(OPTIONS, async (session) => {
    await session.script(`create table public.embeddings (id integer, embedding public.vector(${DIMENSIONS}))`)
    await session.copyIn(sql`copy public.embeddings from stdin (format binary)`, randomVectors(rows, DIMENSIONS))
    await session.script('alter table public.embeddings add primary key (id); analyze public.embeddings')
    const definition = await captureTable(session, TABLE)
    // The catalogue prints a definition only of an index that is there.
    await session.script(`create table public.empty (like public.embeddings);
      create index embeddings_embedding_idx on public.empty using hnsw (embedding public.vector_l2_ops)`)
    const { indexes } = await captureTable(session, { schema: 'public', name: 'empty' })
    await session.script('drop table public.empty')
    const [index] = indexesToBuild({ ...definition, indexes }, TABLE, { mode: 'plain', rows })
    if (!index) throw new Error('there is one index')
    return index
  })

/** What a person types, with the same settings. */
const plain = (url: string, index: IndexToBuild): Promise<void> =>
  database(url).session(OPTIONS, async (session) => {
    const { bytes } = maintenanceMemory(index.memory, MEMORY_BUDGET)
    await session.script(`set maintenance_work_mem = '${Math.floor(bytes / 1024)}kB';
      set max_parallel_maintenance_workers = ${WORKERS}`)
    await session.query(
      sql`create index ${sql.id(index.name)} on ${sql.id('public', 'embeddings')}${sql.raw(index.definition)}`,
    )
  })

/** Until it says `built`, each call in a session of its own. Gives the number of calls. */
const product = async (url: string, index: IndexToBuild, waitMs: number): Promise<number> => {
  for (let calls = 1; ; calls += 1) {
    const { state, fitsMemory } = await database(url).session(OPTIONS, (session) =>
      buildIndex(session, index, {
        applicationName: OPTIONS.applicationName,
        waitMs,
        memoryBudget: MEMORY_BUDGET,
        workers: WORKERS,
      }),
    )
    if (!fitsMemory) throw new Error('the graph does not fit into memory: the builds would not be comparable')
    if (state === 'built') return calls
    await sleep(POLL_MS)
  }
}

const sampled = async (url: string, index: IndexToBuild, { note, signal, rounds }: BenchmarkContext) => {
  const ways = {
    plain: async () => plain(url, index),
    waited: () => product(url, index, 3_600_000),
    left: () => product(url, index, LEFT_AFTER_MS),
  }
  const names = ['plain', 'waited', 'left'] as const
  const seconds: Record<(typeof names)[number], number[]> = { plain: [], waited: [], left: [] }
  for (let round = 0; round < (rounds ?? ROUNDS); round += 1)
    for (const name of [...names.slice(round % 3), ...names.slice(0, round % 3)]) {
      signal.throwIfAborted()
      const started = performance.now()
      const calls = await ways[name]()
      const took = (performance.now() - started) / 1000
      if (name === 'left' && calls === 1) throw new Error('the build ended before it could be left: use more --rows')
      seconds[name].push(took)
      note(`round ${round + 1}, ${name}: ${took.toFixed(1)} s`)
      await database(url).session(OPTIONS, (session) => session.script(`drop index public.${index.name}; checkpoint`))
    }
  return seconds
}

export const benchmark: Benchmark = {
  name: 'index',
  describe: `building an HNSW index of ${ROWS} rows of vector(1536), divided by a plain CREATE INDEX`,
  async run(context) {
    const server = await startPostgres()
    try {
      const scratch = await scratchDatabase(server.url)
      try {
        const rows = context.rows ?? ROWS
        context.note(`loading ${rows} rows of vector(${DIMENSIONS})`)
        const seconds = await sampled(scratch.superuserUrl, await prepared(scratch.superuserUrl, rows), context)
        // Round by round: what else the machine does changes more slowly than the turns.
        const against = (name: 'waited' | 'left') =>
          median(seconds[name].map((value, round) => value / (seconds.plain[round] ?? Number.NaN)))
        const row = (what: string, values: readonly number[]) => ({
          what,
          rows,
          'median s': median(values),
          'each round': values.map((value) => value.toFixed(1)).join(' '),
        })
        return {
          ratios: [
            { name: 'build / plain CREATE INDEX', value: against('waited'), atMost: 1.05 },
            { name: 'build that outlives its function / plain CREATE INDEX', value: against('left'), atMost: 1.05 },
          ],
          measurements: [
            row('plain CREATE INDEX', seconds.plain),
            row('one call that waits', seconds.waited),
            row(`left after ${LEFT_AFTER_MS / 1000} s, asked every ${POLL_MS / 1000} s`, seconds.left),
          ],
        }
      } finally {
        await scratch.drop()
      }
    } finally {
      await server.stop()
    }
  },
}
