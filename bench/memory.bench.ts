import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { drillDatabase } from '#cli/drill-database.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { startPostgres } from '#test/support/postgres.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { measuredCli } from './support/measured-process.ts'
import { median } from './support/statistics.ts'

const PLAN = 'pgvector-search'
const PLANS = fileURLToPath(new URL('../plans', import.meta.url))
const ROWS = 20_000
const TIMES = 10
const ROUNDS = 3
/** What counts as flat: the data is ten times as much. */
const FLAT = 1.3

const APPROVALS = ['--approve', 'team-lead=alice', '--approve', 'dba=bob']

/**
 * One round, in this order. `flag` moves no data: what it takes is what a process takes at all. A purge that waits for
 * no retention needs a plan that says so.
 */
const RUNS = [
  { path: 'flag', outcome: 'rolled-back', options: () => [] },
  { path: 'full', outcome: 'rolled-back', options: () => [] },
  { path: 'purge', outcome: 'rolled-back', options: (plans: string) => ['--plans', plans, ...APPROVALS] },
  { path: 'restore', outcome: 'restored', options: () => [] },
] as const

const Document = z.looseObject({
  outcome: z.string(),
  snapshot: z.looseObject({ tables: z.array(z.looseObject({ rows: z.number(), bytes: z.number() })) }).nullable(),
})

interface World {
  readonly rows: number
  readonly url: string
  readonly state: string
  readonly drop: () => Promise<void>
}

const makeWorld = async (server: string, folder: string, rows: number): Promise<World> => {
  const { database, forStack, drop } = await drillDatabase(server)
  if (!('url' in forStack)) throw new Error('the database is not one of a server')
  try {
    const { load } = await fixtureOf(join(PLANS, PLAN))
    await database.session({ applicationName: 'vector-rollback:bench', statementTimeout: 0 }, (session) =>
      load(session, { rows }),
    )
  } catch (error) {
    await drop()
    throw error
  }
  return { rows, url: forStack.url, state: join(folder, `state-${rows}`), drop }
}

/** The plans, with a retention of nothing at all. */
const plansWithoutRetention = async (folder: string): Promise<string> => {
  const copy = join(folder, 'plans')
  await cp(PLANS, copy, { recursive: true })
  const file = join(copy, PLAN, 'plan.yaml')
  const before = await readFile(file, 'utf8')
  const after = before.replace(/(purge: \{ after: )\w+/, '$10s')
  if (after === before) throw new Error(`${file} has no retention to take away`)
  await writeFile(file, after)
  return copy
}

interface Sample {
  readonly path: string
  readonly rows: number
  readonly snapshotBytes: number
  readonly peakBytes: number
  readonly seconds: number
}

const measure = async (
  { rows, url, state }: World,
  { path, outcome, options }: (typeof RUNS)[number],
  plans: string,
  signal: AbortSignal,
): Promise<Sample> => {
  const common = ['--local', '--database-url', url, '--state', state, '--confirm', PLAN, '--json']
  const { stdout, ...cost } = await measuredCli(['run', PLAN, '--path', path, ...common, ...options(plans)], signal)
  const told = Document.parse(JSON.parse(stdout))
  // A run that found nothing to do would look wonderfully flat.
  if (told.outcome !== outcome) throw new Error(`path ${path} ended as "${told.outcome}", not as "${outcome}"`)
  const tables = told.snapshot?.tables ?? []
  return { path, rows, snapshotBytes: tables.reduce((sum, { bytes }) => sum + bytes, 0), ...cost }
}

const sampled = async (
  server: string,
  folder: string,
  sizes: readonly number[],
  { note, signal, rounds }: BenchmarkContext,
): Promise<Sample[]> => {
  const plans = await plansWithoutRetention(folder)
  const worlds: World[] = []
  const samples: Sample[] = []
  try {
    for (const rows of sizes) {
      note(`loading ${rows} rows of vector(1536)`)
      worlds.push(await makeWorld(server, folder, rows))
    }
    for (let round = 1; round <= (rounds ?? ROUNDS); round += 1)
      for (const world of worlds)
        for (const run of RUNS) {
          signal.throwIfAborted()
          const sample = await measure(world, run, plans, signal)
          samples.push(sample)
          const mebibytes = Math.round(sample.peakBytes / 2 ** 20)
          note(`round ${round}, ${world.rows} rows, ${run.path}: ${mebibytes} MiB in ${sample.seconds.toFixed(1)} s`)
        }
  } finally {
    for (const world of worlds) await world.drop()
  }
  return samples
}

export const benchmark: Benchmark = {
  name: 'memory',
  describe: `peak memory of each path with ${ROWS} rows of vector(1536), divided by that with a tenth`,
  async run(context) {
    if (process.platform !== 'linux') throw new Error('the kernel is asked through /proc: this one needs Linux')
    const server = await startPostgres()
    const folder = await mkdtemp(join(tmpdir(), 'vector-rollback-bench-'))
    try {
      const large = context.rows ?? ROWS
      const small = Math.ceil(large / TIMES)
      const samples = await sampled(server.url, folder, [small, large], context)
      const of = (path: string, rows: number) => samples.filter((one) => one.path === path && one.rows === rows)
      const peak = (path: string, rows: number) => median(of(path, rows).map(({ peakBytes }) => peakBytes))
      return {
        ratios: RUNS.map(({ path }) => ({ name: path, value: peak(path, large) / peak(path, small), atMost: FLAT })),
        measurements: RUNS.flatMap(({ path }) =>
          [small, large].map((rows) => ({
            path,
            rows,
            'snapshot MB': (of(path, rows)[0]?.snapshotBytes ?? 0) / 1e6,
            'peak MiB, each round': of(path, rows)
              .map(({ peakBytes }) => Math.round(peakBytes / 2 ** 20))
              .join(' '),
          })),
        ),
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
      await server.stop()
    }
  },
}
