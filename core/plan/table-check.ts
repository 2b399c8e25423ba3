import type { Decision } from './decisions.ts'
import { MINUTES_OF_A_DAY, printClock } from './hours.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { type Circumstances, chooseRow, containsAtOnce, containsUnread, judge, type Occasion } from './table.ts'
import { unknown } from './unknown-name.ts'

/** More of them in the rows of one signal would make more cases than anybody can think through: two to the power. */
const MOST_OTHERS = 6

/** What a row for a signal asks for besides; two that ask for the same can only agree or contradict. */
const condition = ({ change, also, during }: Decision): string =>
  JSON.stringify([change ?? null, [...(also ?? [])].sort(), during ?? null])

const action = ({ path, contain, within, approve, autonomy }: Decision): string =>
  JSON.stringify([path, contain, within, approve, autonomy ?? null])

const subsets = ([first, ...rest]: readonly string[]): string[][] =>
  first === undefined ? [[]] : subsets(rest).flatMap((set) => [set, [first, ...set]])

const DAY = '2000-01-01T'

/** Every combination of circumstances that the rows of a signal tell apart. */
const casesOf = (rows: readonly Decision[]): Circumstances[] => {
  const others = [...new Set(rows.flatMap(({ also }) => also ?? []))]
  const minutes = [
    ...new Set([0, ...rows.flatMap(({ during }) => (during ?? []).flatMap(({ from, to }) => [from, to]))]),
  ]
  return minutes.flatMap((minute) =>
    subsets(others).flatMap((also) =>
      (['recent', 'none'] as const).map((change) => ({
        change,
        also,
        at: `${DAY}${printClock(minute % MINUTES_OF_A_DAY)}:00Z`,
      })),
    ),
  )
}

const printCase = (rows: readonly Decision[], { change, also, at }: Circumstances): string => {
  const others = [...new Set(rows.flatMap((row) => row.also ?? []))].sort()
  const parts = [
    ...(rows.some((row) => row.change !== undefined) ? [`change: ${change}`] : []),
    ...others.map((name) => `${name} ${also.includes(name) ? 'in ALARM' : 'not in ALARM'}`),
    ...(rows.some((row) => row.during !== undefined) ? [`at ${at.slice(DAY.length, DAY.length + 5)} UTC`] : []),
  ]
  return parts.length > 0 ? parts.join(', ') : 'ever'
}

/** What is wrong with the names and words of a row, whatever the other rows are. */
const brokenRow = (plan: PlanFile, row: Decision, index: number): Broken[] => {
  const signals = Object.keys(plan.signals)
  const at = (...rest: PropertyKey[]) => ['decide', index, ...rest]
  const named = (key: 'when' | 'also', names: readonly string[]): Broken[] =>
    names.flatMap((name, i): Broken[] => {
      const path = at(key, i)
      if (!signals.includes(name)) return unknown('a signal', name, signals, path)
      return names.indexOf(name) === i ? [] : [{ path, message: `"${name}" is named twice.`, fix: 'Remove one.' }]
    })
  const path = row.path === 'partial' || row.path === 'full' || row.path === 'restore' ? row.path : null
  return [
    ...named('when', row.when),
    ...named('also', row.also ?? []),
    ...row.when.flatMap((signal, i): Broken[] => {
      const severity = plan.signals[signal]?.severity
      if (severity === undefined || row.severity === undefined || severity === row.severity) return []
      return [
        {
          path: row.when.length === 1 ? at('severity') : at('when', i),
          message: `This row never matches: "${signal}" is ${severity}, not ${row.severity}.`,
          fix: 'Correct the severity, or remove the row.',
        },
      ]
    }),
    ...row.when.flatMap((signal): Broken[] => {
      const i = row.also?.indexOf(signal) ?? -1
      if (i === -1) return []
      return [{ path: at('also', i), message: `"${signal}" is what the row is about.`, fix: 'Remove it from also.' }]
    }),
    ...(path && plan.paths[path] === undefined
      ? [
          {
            path: at('path'),
            message: `This plan has no path "${path}".`,
            fix: 'Add it to paths, or choose another one.',
          },
        ]
      : []),
    ...(row.change !== undefined && plan.change === undefined
      ? [
          {
            path: at('change'),
            message: 'This plan does not ask for changes.',
            fix: 'Add change: { window: 2h }, or remove change from the row.',
          },
        ]
      : []),
  ]
}

/** What the rows of one signal make of each other, case by case. */
const brokenTogether = (plan: PlanFile, { signal, severity }: Occasion): Broken[] => {
  const occasion = { signal, severity }
  const rows = plan.decide.flatMap((row, index) =>
    row.when.includes(signal) && (row.severity ?? severity) === severity ? [{ row, index }] : [],
  )
  const only = rows.map(({ row }) => row)
  const others = new Set(only.flatMap(({ also }) => also ?? []))
  if (others.size > MOST_OTHERS) {
    const path = ['signals', signal]
    const message = `The rows of "${signal}" depend on ${others.size} other signals.`
    return [{ path, message, fix: `Use ${MOST_OTHERS} at most: nobody could say what is done when.` }]
  }
  const cases = casesOf(only)
  const taken = new Set(cases.map((one) => chooseRow(plan.decide, occasion, one)?.number))
  const unreached = rows.flatMap(({ row, index }): Broken[] => {
    if (taken.has(index + 1)) return []
    const path = row.when.length === 1 ? ['decide', index, 'when'] : ['decide', index, 'when', row.when.indexOf(signal)]
    const twin = rows.find((other) => other.index < index && condition(other.row) === condition(row))
    if (twin && action(twin.row) !== action(row))
      return [
        {
          path,
          message: `This row contradicts row ${twin.index + 1}: the same condition for "${signal}", another action.`,
          fix: 'Keep one of the two, or give them different circumstances.',
        },
      ]
    const before = rows.flatMap((other) =>
      other.index < index && cases.some((one) => chooseRow(plan.decide, occasion, one)?.number === other.index + 1)
        ? [other.index + 1]
        : [],
    )
    const takers = before.length === 1 ? `row ${before[0]} takes` : `rows ${before.join(', ')} take`
    return [{ path, message: `This row never matches: ${takers} every "${signal}".`, fix: 'Remove it, or move it up.' }]
  })
  const open = cases.find((one) => chooseRow(plan.decide, occasion, one) === null)
  const uncovered: Broken[] =
    open === undefined
      ? []
      : [
          {
            path: ['signals', signal],
            message: `No row of decide holds for "${signal}" in every case: ${printCase(only, open)}.`,
            fix: 'Add a last row for it without circumstances.',
          },
        ]
  return [...unreached, ...uncovered, ...disagreeing(plan, occasion, cases)]
}

/** Changes and other alarms are read from the bucket, and containment does not wait for it: such rows must agree about it. */
const disagreeing = (plan: PlanFile, occasion: Occasion, cases: readonly Circumstances[]): Broken[] => {
  for (const one of cases) {
    const chosen = chooseRow(plan.decide, occasion, one)
    if (chosen === null || containsAtOnce(chosen.row) === containsUnread(plan.decide, occasion, one.at)) continue
    const other = plan.decide.findIndex(
      (row) =>
        containsAtOnce(row) &&
        judge(row, occasion, { change: 'unknown', also: 'unknown', at: one.at }).against.length === 0,
    )
    return [
      {
        path: ['decide', chosen.number - 1, 'contain'],
        message: `Row ${other + 1} contains "${occasion.signal}" at once and this one does not, and only the bucket tells them apart: containment does not wait for it.`,
        fix: 'Let both contain at once, or neither: contain and autonomy.',
      },
    ]
  }
  return []
}

/** What is wrong with the decision table: names, rows that never match, rows that contradict, signals without a row. */
export const brokenTable = (plan: PlanFile): Broken[] => {
  const broken = plan.decide.flatMap((row, index) => brokenRow(plan, row, index))
  const signals = Object.entries(plan.signals)
  const undecided = signals.filter(([signal]) => !plan.decide.some(({ when }) => when.includes(signal)))
  const told = undecided.map(([signal]) => ({
    path: ['signals', signal],
    message: `No row of decide names "${signal}".`,
    fix: 'Add a row, with path: monitor if people are only to be told.',
  }))
  // A name or a severity that is wrong makes every other row look wrong, too.
  const together =
    broken.length > 0
      ? []
      : signals
          .filter(([signal]) => plan.decide.some(({ when }) => when.includes(signal)))
          .flatMap(([signal, { severity }]) => brokenTogether(plan, { signal, severity }))
  return [...broken, ...told, ...together]
}
