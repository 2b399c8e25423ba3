import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { loadPlan } from '#core/plan/load.ts'
import { ENTRIES, writePackage } from '#infra/package.ts'
import type { Benchmark } from './benchmark.ts'
import { timedImport } from './support/cold-import.ts'
import { loadedBytes } from './support/package-bundles.ts'
import { median } from './support/statistics.ts'
import { inTurns } from './support/turns.ts'

const PLAN = fileURLToPath(new URL('../plans/pgvector-search', import.meta.url))
const ROUNDS = 5
const NODE = 'node alone'
const KIBIBYTE = 1024

export const benchmark: Benchmark = {
  name: 'bundles',
  describe: 'what each function loads before its first event: bytes, and the time to import them against Node alone',
  async run({ rounds, note, signal }) {
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-bench-'))
    try {
      await writePackage(directory, [await loadPlan(PLAN)])
      const importing = (entry: string) => pathToFileURL(join(directory, `${entry}.mjs`)).href
      note(`${ENTRIES.length} functions`)
      const names = [NODE, ...ENTRIES]
      const turns = Object.fromEntries(
        names.map((name) => [name, () => timedImport(name === NODE ? null : importing(name), signal)]),
      )
      const times = await inTurns(turns, { rounds: rounds ?? ROUNDS, signal, told: () => undefined })
      const milliseconds = (name: string): number => median(times.get(name) ?? [])
      const bytes = new Map<string, number>()
      for (const entry of ENTRIES) bytes.set(entry, await loadedBytes(importing(entry), signal))
      return {
        ratios: ENTRIES.map((entry) => ({
          name: `${NODE} and ${entry} / ${NODE}`,
          value: milliseconds(entry) / milliseconds(NODE),
        })),
        measurements: ENTRIES.map((entry) => ({
          function: entry,
          KiB: Math.round((bytes.get(entry) ?? 0) / KIBIBYTE),
          'start and import ms': Math.round(milliseconds(entry)),
          'start alone ms': Math.round(milliseconds(NODE)),
        })),
      }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
}
