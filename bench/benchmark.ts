/** A comparison within one run, so that the machine cancels out. It is what may be claimed; seconds and bytes are not. */
export interface Ratio {
  readonly name: string
  readonly value: number
  /** What is promised, where something is. A ratio on the wrong side of it is shown as such; it fails nothing. */
  readonly atMost?: number
  readonly atLeast?: number
}

export interface BenchmarkResult {
  readonly ratios: readonly Ratio[]
  /** What the ratios are made of; the keys name the units. */
  readonly measurements: readonly Readonly<Record<string, string | number>>[]
}

export interface BenchmarkContext {
  /** Tells a person what is going on. */
  readonly note: (text: string) => void
  /** How often each thing is measured; `null`: as often as the benchmark finds right. */
  readonly rounds: number | null
  /** Rows of the largest table; `null`: those that the benchmark is about. A benchmark without tables ignores it. */
  readonly rows: number | null
  /** Aborts when the person has had enough. */
  readonly signal: AbortSignal
}

/** One file `bench/<name>.bench.ts` each, exported as `benchmark`. */
export interface Benchmark {
  readonly name: string
  /** One line: what is compared with what. */
  readonly describe: string
  readonly run: (context: BenchmarkContext) => Promise<BenchmarkResult>
}
