import { readdir } from 'node:fs/promises'
import type { Benchmark } from '../benchmark.ts'

const FOLDER = new URL('../', import.meta.url)
const SUFFIX = '.bench.ts'

/** All there are, by their files, in the order of their names. */
export const allBenchmarks = async (): Promise<Benchmark[]> => {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(SUFFIX)).sort()
  return Promise.all(
    files.map(async (file) => {
      const { benchmark } = (await import(new URL(file, FOLDER).href)) as { benchmark: Benchmark }
      if (`${benchmark.name}${SUFFIX}` !== file) throw new Error(`bench/${file} is named "${benchmark.name}" in itself`)
      return benchmark
    }),
  )
}
