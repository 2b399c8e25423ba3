import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres } from '#test/support/postgres.ts'
import type { BenchmarkResult, Ratio } from '../benchmark.ts'
import { benchFolder } from './bench-folder.ts'
import type { Moved } from './move-snapshot.ts'
import { MEBIBYTE, medianSeconds, movedRow } from './moved-text.ts'

export const ROWS = 100_000
export const ROUNDS = 5
/** How many times more rows the large table has than the one that its memory is compared with. */
export const TIMES = 10
const PEAK_MEBIBYTES = 160
/** What counts as flat. */
const FLAT = 1.3

export interface MovedNames {
  /** The turn whose functions have to stay small, and the same with a tenth of the rows. */
  readonly large: string
  readonly small: string
}

/** Measures on a server and in a folder of its own, which go again; the ratios of time, then those of memory. */
export const benchMoved = async (
  rows: number,
  { large, small }: MovedNames,
  measure: (
    server: { url: string; bin: string | null },
    folder: string,
  ) => Promise<ReadonlyMap<string, readonly Moved[]>>,
  ratios: (seconds: (turn: string) => number) => readonly Ratio[],
): Promise<BenchmarkResult> => {
  const server = await startPostgres()
  const folder = await mkdtemp(join(benchFolder(), 'vector-rollback-bench-'))
  try {
    const turns = await measure(server, folder)
    const of = (turn: string) => turns.get(turn) ?? []
    const peak = (turn: string) => Math.max(...of(turn).map(({ peakBytes }) => peakBytes ?? Number.NaN))
    return {
      ratios: [
        ...ratios((turn) => medianSeconds(of(turn))),
        {
          name: `peak of a function / ${PEAK_MEBIBYTES} MiB`,
          value: peak(large) / MEBIBYTE / PEAK_MEBIBYTES,
          atMost: 1,
        },
        { name: 'peak of a function / with a tenth of the rows', value: peak(large) / peak(small), atMost: FLAT },
      ],
      measurements: [...turns].map(([turn, all]) =>
        movedRow(turn, turn === small ? Math.ceil(rows / TIMES) : rows, all),
      ),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
    await server.stop()
  }
}
