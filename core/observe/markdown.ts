import type { ObserveReport } from '#core/observe/build.ts'
import type { Case } from '#core/observe/case.ts'
import { counted, day, duration, moment } from '#core/report/figures.ts'

const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? [] : [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells)), '']

const aheadOf = ({ ahead, people }: Case): string => {
  if (ahead === null || people === null) return '-'
  return ahead >= 0 ? `${duration(ahead)} before people` : `${duration(-ahead)} after people`
}

const VERDICTS = { true: 'right', false: 'false alarm', open: 'still in ALARM', unknown: 'cannot tell' } as const

const summary = ({ cases }: ObserveReport): string[] => {
  const of = (is: Case['verdict']['is']) => cases.filter(({ verdict }) => verdict.is === is).length
  const ahead = median(cases.flatMap((one) => one.ahead ?? []))
  const contained = cases.filter(({ containsAtOnce }) => containsAtOnce)
  const took = median(contained.map(({ decidedAfter }) => decidedAfter))
  return [
    `- ${counted(cases.length, 'alarm')} decided about: ${of('true')} right, ${of('false')} false, ${of('open')} still in ALARM, ${of('unknown')} that cannot be told.`,
    ...(took === null
      ? []
      : [
          `- Containment: ${counted(contained.length, 'time')}; ${duration(took)} after the alarm (median), ${duration(Math.max(...contained.map(({ decidedAfter }) => decidedAfter)))} at most.`,
        ]),
    ...(ahead === null
      ? []
      : [
          `- Where people set a flag to its safe value, too: ${ahead >= 0 ? `${duration(ahead)} before` : `${duration(-ahead)} after`} them (median).`,
        ]),
  ]
}

/** Counts by row of the decision table. */
const byRow = ({ cases }: ObserveReport): string[] => {
  const rows = Map.groupBy(cases, ({ row: number, signal, path }) => JSON.stringify([number, signal, path]))
  return table(
    ['row', 'signal', 'path', 'times', 'right', 'false', 'cannot tell'],
    [...rows.values()].map((group) => {
      const [first] = group
      const of = (...is: Case['verdict']['is'][]) =>
        String(group.filter(({ verdict }) => is.includes(verdict.is)).length)
      const { row: number, signal, path } = first ?? { row: null, signal: '', path: null }
      return [
        String(number ?? '-'),
        signal,
        path ?? '-',
        String(group.length),
        of('true'),
        of('false'),
        of('open', 'unknown'),
      ]
    }),
  )
}

/** For people, and for the topic: plain Markdown without HTML. */
export const reportMarkdown = (report: ObserveReport): string => {
  const { plan, environment, from, to, cases, undecided, flapping, unseen, histories } = report
  return [
    `# ${plan} in ${environment}: ${day(from)} to ${day(to)}`,
    '',
    ...(cases.length === 0 ? ['No alarm of the plan was decided about.'] : summary(report)),
    ...(histories === 'read' ? [] : ['- The histories of alarms and flags were not read: nothing is said of people.']),
    '',
    ...byRow(report),
    ...table(
      ['alarm at', 'signal', 'row', 'would have', 'decided after', 'people', 'verdict'],
      cases.map((one) => [
        moment(one.at),
        `${one.signal} (${one.severity})`,
        String(one.row ?? '-'),
        `${one.path ?? 'nothing'}${one.course.length > 0 ? `: ${one.course.join(' ')}` : ''}${one.action === 'started' ? ' (done)' : ''}`,
        duration(one.decidedAfter),
        aheadOf(one),
        `${VERDICTS[one.verdict.is]}: ${one.verdict.why}`,
      ]),
    ),
    ...flapping
      .filter((one) => one.flapping)
      .map(
        (one) => `- Flapping: ${one.alarm} went off ${one.times} times, ${one.withinAnHour} of them within an hour.`,
      ),
    ...undecided.map(({ alarm, at }) => `- Nobody decided about ${alarm}, which went off at ${moment(at)}.`),
    ...unseen.map(
      ({ flag, at, by }) => `- ${flag} was set to its safe value at ${moment(at)} by ${by}: no alarm had gone off.`,
    ),
  ]
    .join('\n')
    .trim()
}
