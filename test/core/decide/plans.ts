import type { PlanName } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'

const SIGNAL = (name: string, severity: string, alarms: readonly string[]) => `  ${name}:
    describe: It is ${name}.
    probe: sql/slow.sql
    above: 30
    unit: seconds
    for: 2m
    severity: ${severity}
    alarm: [${alarms.map((alarm) => `"${alarm}"`).join(', ')}]
`

interface Row {
  readonly signal: string
  readonly severity: string
  readonly path: string
  readonly alarms?: readonly string[]
}

/** The small plan with these signals beside `slow` (critical: full), each with one row; under another name if asked. */
export const planWith = async (rows: readonly Row[] = [], name = 'small'): Promise<Plan> => {
  const text = edited(
    [
      'decide:\n',
      `${rows.map(({ signal, severity, alarms = [] }) => SIGNAL(signal, severity, alarms)).join('')}decide:\n`,
    ],
    [
      'paths:\n',
      `${rows
        .map(
          ({ signal, path }) =>
            `  - { when: ${signal}, path: ${path}, contain: ${path === 'monitor' ? '"no"' : 'immediately'}, within: 15m }\n`,
        )
        .join('')}paths:\n`,
    ],
  )
  return { ...(await loadPlan(await planFolder({ 'plan.yaml': text }))), name: name as PlanName }
}
