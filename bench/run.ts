import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { redact } from '#cli/print-error.ts'
import type { Benchmark, BenchmarkContext } from './benchmark.ts'
import { allBenchmarks } from './support/all.ts'
import { listText, resultText } from './support/text.ts'

/**
 * `npm run bench -- <name>…`: lists the benchmarks when none is named. Results go to stdout, `--json` as one document, the
 * rest to stderr. `--rounds` and `--rows` make a benchmark shorter, or longer, than it is by itself. Exits with 2 for a name
 * or an option that there is not, with 1 when one could not be measured.
 */
const main = async (): Promise<void> => {
  const { positionals: names, values } = parsed()
  const rounds = countOf('rounds', values.rounds)
  const rows = countOf('rows', values.rows)
  const print = (document: unknown, text: string): void =>
    void process.stdout.write(values.json ? `${JSON.stringify(document, null, 2)}\n` : text)
  const benchmarks = await allBenchmarks()
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (unknown.length > 0) {
    const known = benchmarks.map(({ name }) => name).join(', ')
    return failed(2, `There is no benchmark ${unknown.map((name) => `"${name}"`).join(', ')}: use ${known}.`)
  }
  if (names.length === 0) {
    const list = benchmarks.map(({ name, describe }) => ({ name, describe }))
    return print(list, listText(benchmarks))
  }
  const machine = describeMachine()
  const results = await measureAll(
    benchmarks.filter(({ name }) => names.includes(name)),
    { rounds, rows },
  )
  print(
    { machine, benchmarks: results.map(({ benchmark: { name, describe }, ...rest }) => ({ name, describe, ...rest })) },
    results.map(({ benchmark, result }) => resultText(benchmark, result)).join('\n'),
  )
}

const parsed = () =>
  parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, rounds: { type: 'string' }, rows: { type: 'string' } },
  })

class WrongOption extends Error {}

/** A whole number from 1 on; `null` when the option was not given. */
const countOf = (option: string, value: string | undefined): number | null => {
  if (value === undefined) return null
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new WrongOption(`--${option} must be a whole number from 1 on, not "${value}".`)
}

const describeMachine = () => ({
  at: new Date().toISOString(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
})

/** One after the other, so that they do not disturb each other. */
const measureAll = async (benchmarks: readonly Benchmark[], size: Pick<BenchmarkContext, 'rounds' | 'rows'>) => {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const results = []
  for (const benchmark of benchmarks) {
    const started = performance.now()
    const result = await benchmark.run({
      ...size,
      note: (line) => void process.stderr.write(`${benchmark.name}: ${line}\n`),
      signal: interrupted.signal,
    })
    const seconds = (performance.now() - started) / 1000
    // What else the machine did meanwhile.
    const [loadOfLastMinute] = loadavg()
    results.push({ benchmark, seconds, loadOfLastMinute, result })
  }
  return results
}

const failed = (code: 1 | 2, message: string): void => {
  process.stderr.write(`${redact(message)}\n`)
  process.exitCode = code
}

try {
  await main()
} catch (error) {
  const unknownOption = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  failed(unknownOption || error instanceof WrongOption ? 2 : 1, error instanceof Error ? error.message : String(error))
}
