import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { redact } from '#cli/print-error.ts'
import type { Benchmark } from './benchmark.ts'
import { allBenchmarks } from './support/all.ts'
import { listText, resultText } from './support/text.ts'

/**
 * `npm run bench -- <name>…`: lists the benchmarks when none is named. Results go to stdout, `--json` as one document, the
 * rest to stderr. Exits with 2 for a name or an option that there is not, with 1 when one could not be measured.
 */
const main = async (): Promise<void> => {
  const { positionals: names, values } = parsed()
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
  const results = await measureAll(benchmarks.filter(({ name }) => names.includes(name)))
  print(
    { machine, benchmarks: results.map(({ benchmark: { name, describe }, ...rest }) => ({ name, describe, ...rest })) },
    results.map(({ benchmark, result }) => resultText(benchmark, result)).join('\n'),
  )
}

const parsed = () => parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } })

const describeMachine = () => ({
  at: new Date().toISOString(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
})

/** One after the other, so that they do not disturb each other. */
const measureAll = async (benchmarks: readonly Benchmark[]) => {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const results = []
  for (const benchmark of benchmarks) {
    const started = performance.now()
    const result = await benchmark.run({
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
  const wrongOption = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  failed(wrongOption ? 2 : 1, error instanceof Error ? error.message : String(error))
}
