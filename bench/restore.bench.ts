import { join } from 'node:path'
import { postgres } from '#aws/postgres.ts'
import { drillDatabase } from '#cli/drill-database.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { buildWorker } from './support/build-worker.ts'
import { loadSnapshot, type Moved, takeSnapshot } from './support/move-snapshot.ts'
import { benchMoved, ROUNDS, ROWS, TIMES } from './support/moved-bench.ts'
import { ONE_PROCESS, type PartWorkers, startWorkers, TWO_FUNCTIONS } from './support/part-workers.ts'
import { startS3 } from './support/s3-process.ts'
import { timedCommand } from './support/timed-command.ts'
import { inTurns } from './support/turns.ts'
import { makeVectorTable, TABLE, type VectorTable } from './support/vector-table.ts'

const RESTORE = 'restore, two functions'
const ONE = 'restore, one process'
const SMALL = 'restore of a tenth'
const REFERENCE = 'pg_restore'

const measure = async (server: { url: string; bin: string | null }, folder: string, context: BenchmarkContext) => {
  const { note, signal } = context
  const rows = context.rows ?? ROWS
  const program = await buildWorker(folder)
  const s3 = await startS3(join(folder, 's3'))
  const tables: VectorTable[] = []
  const crews: PartWorkers[] = []
  const crew = async (movers: typeof TWO_FUNCTIONS): Promise<PartWorkers> => {
    const workers = await startWorkers(program, s3.environment, movers)
    crews.push(workers)
    return workers
  }
  const path = (tool: string) => (server.bin === null ? tool : join(server.bin, tool))
  const dump = join(folder, 'reference.dump')
  const make = async (
    count: number,
    { bucket, workers }: { bucket: string; workers: PartWorkers },
    beforeRetirement: (table: VectorTable) => Promise<void>,
  ) => {
    note(`${count} rows of vector(1536)`)
    const table = await makeVectorTable(server.url, count)
    tables.push(table)
    await beforeRetirement(table)
    const retirement = await table.retire()
    await s3.createBucket(bucket)
    await takeSnapshot({ workers, table, bucket, s3 }, retirement)
    return { table, bucket, retirement }
  }
  /** Table and rows into an empty database, without key and index. */
  const restoreDump = async (): Promise<Moved> => {
    const { forStack, drop } = await drillDatabase(server.url)
    if (!('url' in forStack)) throw new Error('the database is not one of a server')
    try {
      await postgres(forStack).session({ applicationName: 'vector-rollback:bench' }, (session) =>
        session.script('create extension vector with schema public'),
      )
      const args = ['--section=pre-data', '--section=data', '--exit-on-error', `--dbname=${forStack.url}`, dump]
      return { seconds: await timedCommand(path('pg_restore'), args, signal), peakBytes: null }
    } finally {
      await drop()
    }
  }
  try {
    const [two, one, ofSmall] = [await crew(TWO_FUNCTIONS), await crew(ONE_PROCESS), await crew(TWO_FUNCTIONS)]
    const large = await make(rows, { bucket: 'large', workers: one }, async ({ url }) => {
      note('pg_dump -Fc')
      const name = `${TABLE.schema}.${TABLE.name}`
      await timedCommand(path('pg_dump'), ['-Fc', '--table', name, '--file', dump, url], signal)
    })
    const small = await make(Math.ceil(rows / TIMES), { bucket: 'small', workers: one }, async () => {})
    const load = ({ retirement, ...place }: typeof large, workers: PartWorkers) =>
      loadSnapshot({ ...place, workers, s3 }, retirement)
    // Code and pages that only the first one would have to load.
    for (const workers of crews) await load(small, workers)
    const turns = {
      [RESTORE]: () => load(large, two),
      [REFERENCE]: restoreDump,
      [ONE]: () => load(large, one),
      [SMALL]: () => load(small, ofSmall),
    }
    const told = (what: string, { seconds }: Moved) => note(`${what}: ${seconds.toFixed(2)} s`)
    return await inTurns<Moved>(turns, { rounds: context.rounds ?? ROUNDS, signal, told })
  } finally {
    for (const workers of crews) await workers.close()
    for (const table of tables) await table.drop()
    await s3.close()
  }
}

export const benchmark: Benchmark = {
  name: 'restore',
  describe: 'a restore from the prepared tables to compared digests, without indexes, against pg_restore',
  run: (context) =>
    benchMoved(
      context.rows ?? ROWS,
      { large: RESTORE, small: SMALL },
      (server, folder) => measure(server, folder, context),
      (seconds) => [
        { name: `${REFERENCE} / ${RESTORE}`, value: seconds(REFERENCE) / seconds(RESTORE), atLeast: 3 },
        { name: `${REFERENCE} / ${ONE}`, value: seconds(REFERENCE) / seconds(ONE) },
      ],
    ),
}
