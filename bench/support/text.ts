import type { Benchmark, BenchmarkResult, Ratio } from '../benchmark.ts'

const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (/^[\d.,-]/.test(cell) ? cell.padStart : cell.padEnd).call(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const shown = (value: string | number | undefined): string =>
  typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 2 }) : (value ?? '')

const judged = ({ value, atMost, atLeast }: Ratio): string => {
  const bounds = [
    ...(atMost === undefined ? [] : [{ text: `at most ${atMost}`, kept: value <= atMost }]),
    ...(atLeast === undefined ? [] : [{ text: `at least ${atLeast}`, kept: value >= atLeast }]),
  ]
  return bounds.map(({ text, kept }) => `${text}: ${kept ? 'yes' : 'NO'}`).join(', ')
}

export const listText = (benchmarks: readonly Benchmark[]): string =>
  `npm run bench -- <name>… [--json] [--rounds <count>] [--rows <count>]\n\n${columns(benchmarks.map(({ name, describe }) => [name, describe]))}\n`

/** The ratios, then the table of what they are made of. */
export const resultText = ({ name, describe }: Benchmark, { ratios, measurements }: BenchmarkResult): string => {
  const keys = Object.keys(measurements[0] ?? {})
  const table = [keys, ...measurements.map((row) => keys.map((key) => shown(row[key])))]
  return [
    `${name}: ${describe}`,
    columns(ratios.map((ratio) => [ratio.name, ratio.value.toFixed(2), judged(ratio)])),
    columns(table),
    '',
  ].join('\n\n')
}
