import { loadPlan, type Plan } from '#core/plan/load.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'

export type ProbeSignal = { readonly severity?: string; readonly for?: string } & (
  | {
      readonly sql: string
      readonly as?: string
      readonly unit?: string
      /** `above: 0` when it is not given. */
      readonly limit?: string
      /** Further lines: `rate: 1h`. */
      readonly more?: string
    }
  | { readonly connect: true }
)

const source = (name: string, signal: ProbeSignal): string[] =>
  'connect' in signal
    ? ['connect: true']
    : [
        `probe: sql/${name}.sql`,
        ...(signal.as === undefined ? [] : [`as: ${signal.as}`]),
        signal.limit ?? 'above: 0',
        `unit: ${signal.unit ?? 'count'}`,
        ...(signal.more === undefined ? [] : [signal.more]),
      ]

const lines = (name: string, signal: ProbeSignal): string =>
  [
    `  ${name}:`,
    ...['describe: It is measured.', ...source(name, signal)].map((line) => `    ${line}`),
    `    for: ${signal.for ?? '0s'}`,
    `    severity: ${signal.severity ?? 'critical'}\n`,
  ].join('\n')

/** The text and files of the small plan with these signals instead of its own. */
export const filesWithSignals = (signals: Readonly<Record<string, ProbeSignal>>): Record<string, string> => ({
  'plan.yaml': edited([
    'decide:\n',
    `${Object.entries(signals)
      .map(([name, signal]) => lines(name, signal))
      .join('')}decide:\n${Object.keys(signals)
      .map((name) => `  - { when: ${name}, path: flag, contain: immediately, within: 15m }\n`)
      .join('')}`,
  ]),
  ...Object.fromEntries(
    Object.entries(signals).flatMap(([name, signal]) =>
      'sql' in signal ? [[`sql/${name}.sql`, `${signal.sql};\n`]] : [],
    ),
  ),
})

/** The small plan with these signals beside `slow`, which is 0. */
export const planWithSignals = async (signals: Readonly<Record<string, ProbeSignal>>): Promise<Plan> =>
  loadPlan(await planFolder(filesWithSignals(signals)))
