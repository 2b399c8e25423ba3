import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { buildWorker } from './support/build-worker.ts'
import { type Moved, takeSnapshot } from './support/move-snapshot.ts'
import { benchMoved, ROUNDS, ROWS, TIMES } from './support/moved-bench.ts'
import { ONE_PROCESS, type PartWorkers, startWorkers, TWO_FUNCTIONS } from './support/part-workers.ts'
import { startS3 } from './support/s3-process.ts'
import { timedCommand } from './support/timed-command.ts'
import { inTurns } from './support/turns.ts'
import { makeVectorTable, type VectorTable } from './support/vector-table.ts'

const SNAPSHOT = 'snapshot, two functions'
const ONE = 'snapshot, one process'
const SMALL = 'snapshot of a tenth'
const DUMP = 'pg_dump -Fc'
const DUMP_PLAIN = 'pg_dump -Fc -Z0'
const FLOOR = 'psql, binary COPY'

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
  const make = async (count: number) => {
    note(`${count} rows of vector(1536)`)
    const table = await makeVectorTable(server.url, count)
    tables.push(table)
    return { table, retirement: await table.retire() }
  }
  try {
    const large = await make(rows)
    const small = await make(Math.ceil(rows / TIMES))
    const retired = large.retirement.tables[0]?.retired
    if (!retired) throw new Error('the table was not retired')
    const name = `"${retired.schema}"."${retired.name}"`
    const command = async (program: string, ...args: string[]): Promise<Moved> => {
      const path = server.bin === null ? program : join(server.bin, program)
      return { seconds: await timedCommand(path, [...args, large.table.url], signal), peakBytes: null }
    }
    const dump = async (...options: string[]) => {
      const file = join(folder, 'reference.dump')
      const found = await command('pg_dump', '-Fc', ...options, '--table', name, '--file', file)
      await rm(file)
      return found
    }
    let buckets = 0
    const snapshot = async ({ table, retirement }: typeof large, workers: PartWorkers) => {
      buckets += 1
      const bucket = `bench-${buckets}`
      await s3.createBucket(bucket)
      const moved = await takeSnapshot({ workers, table, bucket, s3 }, retirement)
      await s3.emptyBucket(bucket)
      return moved
    }
    const copy = () => command('psql', '--no-psqlrc', '--quiet', '--command', `copy ${name} to stdout (format binary)`)
    // Code, files and pages that only the first one would have to load.
    const [two, one, ofSmall] = [await crew(TWO_FUNCTIONS), await crew(ONE_PROCESS), await crew(TWO_FUNCTIONS)]
    for (const workers of crews) await snapshot(small, workers)
    await copy()
    const turns = {
      [SNAPSHOT]: () => snapshot(large, two),
      [FLOOR]: copy,
      [DUMP_PLAIN]: () => dump('-Z0'),
      [ONE]: () => snapshot(large, one),
      [SMALL]: () => snapshot(small, ofSmall),
      [DUMP]: () => dump(),
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
  name: 'snapshot',
  describe: 'a snapshot from the list of parts to the sealed manifest, against pg_dump and a bare COPY',
  run: (context) =>
    benchMoved(
      context.rows ?? ROWS,
      { large: SNAPSHOT, small: SMALL },
      (server, folder) => measure(server, folder, context),
      (seconds) => [
        { name: `${DUMP} / ${SNAPSHOT}`, value: seconds(DUMP) / seconds(SNAPSHOT), atLeast: 30 },
        { name: `${DUMP_PLAIN} / ${SNAPSHOT}`, value: seconds(DUMP_PLAIN) / seconds(SNAPSHOT), atLeast: 3 },
        { name: `${SNAPSHOT} / ${FLOOR}`, value: seconds(SNAPSHOT) / seconds(FLOOR), atMost: 2 },
        { name: `${ONE} / ${FLOOR}`, value: seconds(ONE) / seconds(FLOOR) },
      ],
    ),
}
