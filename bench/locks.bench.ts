import { startPostgres } from '#test/support/postgres.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { withQuickAutovacuum } from './support/disturbances.ts'
import { playScene, type Scene } from './support/lock-scene.ts'
import { type Way, ways } from './support/lock-ways.ts'
import { lockWorld } from './support/lock-world.ts'
import { withScratchBucket } from './support/scratch-bucket.ts'
import { median } from './support/statistics.ts'

const ROWS = 2_000
const ROUNDS = 5
const READERS = 20
const PAUSE_MS = 10
const BEFORE_MS = 3_000
/** What the plans have as the budget of a lock, and what is promised to the application. */
const BUDGET_MS = 100

const labelOf = ({ path, runbook }: Way): string => (runbook === null ? path : `runbook, ${runbook}`)

const sampled = async (
  server: string,
  rows: number,
  { note, signal, rounds }: BenchmarkContext,
): Promise<Map<Way, Scene[]>> => {
  const scenes = new Map<Way, Scene[]>(ways.map((way) => [way, []]))
  note(`loading ${rows} rows`)
  const world = await lockWorld(server, rows)
  try {
    for (let round = 1; round <= (rounds ?? ROUNDS); round += 1)
      // The other way round in every second round, so that nobody is always the first.
      for (const way of round % 2 ? ways : ways.toReversed()) {
        signal.throwIfAborted()
        const options = { readers: READERS, keys: rows, pauseMs: PAUSE_MS, beforeMs: BEFORE_MS }
        const scene = await withScratchBucket((objects) => playScene(server, world, objects, way, options))
        scenes.get(way)?.push(scene)
        const { before, during } = scene
        note(
          `round ${round}, ${labelOf(way)}: p99 ${before.p99.toFixed(1)} ms before, ${during.p99.toFixed(1)} ms during`,
        )
      }
  } finally {
    await world.drop()
  }
  return scenes
}

const added = (scenes: readonly Scene[]): number => median(scenes.map(({ before, during }) => during.p99 - before.p99))

export const benchmark: Benchmark = {
  name: 'locks',
  describe: `what ${READERS} readers wait while tables change under them, against a runbook's plain statements`,
  async run(context) {
    const server = await startPostgres()
    try {
      const scenes = await withQuickAutovacuum(server.url, () => sampled(server.url, context.rows ?? ROWS, context))
      const measured = [...scenes].map(([way, played]) => ({ way, played }))
      const ours = measured.filter(({ way }) => way.runbook === null)
      const errors = ({ played }: { played: readonly Scene[] }) => played.flatMap((scene) => scene.errors)
      return {
        ratios: [
          ...ours.map(({ way, played }) => ({
            name: `${way.path}: p99 added / budget of ${BUDGET_MS} ms`,
            value: added(played) / BUDGET_MS,
            atMost: 1,
          })),
          ...ours.map((one) => ({
            name: `${one.way.path}: reads that failed / rounds`,
            value: errors(one).length / one.played.length,
            atMost: 0,
          })),
          ...measured
            .filter(({ way }) => way.runbook !== null)
            .map(({ way, played }) => ({
              name: `${labelOf(way)}: p99 added / budget of ${BUDGET_MS} ms`,
              value: added(played) / BUDGET_MS,
            })),
        ],
        measurements: measured.map(({ way, played }) => {
          const of = (pick: (scene: Scene) => number) => median(played.map(pick))
          return {
            what: labelOf(way),
            'p50 before': of(({ before }) => before.p50),
            'p99 before': of(({ before }) => before.p99),
            'max before': of(({ before }) => before.max),
            'p50 during': of(({ during }) => during.p50),
            'p99 during': of(({ during }) => during.p99),
            'max during': of(({ during }) => during.max),
            'p99 added, each round': played.map(({ before, during }) => Math.round(during.p99 - before.p99)).join(' '),
            'reads during': of(({ during }) => during.reads),
            'took ms': of(({ took }) => took),
            errors: [...new Set(errors({ played }))].join(' ') || 'none',
            'told it is gone': of(({ gone }) => gone),
          }
        }),
      }
    } finally {
      await server.stop()
    }
  },
}
