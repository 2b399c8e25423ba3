import type { JoinedWhy } from '#core/incident/joined.ts'
import { duration } from '#core/report/figures.ts'
import type { Outcome, RunReport } from '#core/report/model.ts'

export const OUTCOME_WORDS: Record<Outcome, string> = {
  'rolled-back': 'Rolled back',
  restored: 'Restored',
  'nothing-to-do': 'Nothing to do',
  'drill-passed': 'Drill passed',
  'needs-human': 'Needs a human',
}

/** What became of a request that got no run of its own. */
export const JOINED_WORDS: Record<JoinedWhy, string> = {
  running: 'joined this run',
  cooldown: 'contained only: this run had just ended',
  breaker: 'contained only: the breaker was open',
}

/** `search-slow (critical) for the full path: joined this run`. */
export const joinedInWords = ({ signal, path, reason, why }: RunReport['joined'][number]): string =>
  `${signal ? `${signal.alarm}: ${signal.name} (${signal.severity})` : `A person: ${reason}`}, for the ${path} path: ${JOINED_WORDS[why]}`

export const CHECK_WORDS = { pass: 'Pass', fail: 'Fail', unknown: 'Unknown' } as const

/** Upper-case first letter and a full stop: texts of a plan come with and without them. */
export const sentence = (text: string): string => {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?…]$/.test(trimmed) ? '' : '.'}`
}

const DONE: Record<RunReport['path'], (title: string) => string> = {
  flag: (title) => `${title} is switched off; nothing else was touched.`,
  partial: (title) =>
    `${title} is switched off and the steps of the partial path are done; its tables are where they were.`,
  full: (title) => `${title} is switched off and its tables are out of the application's reach.`,
  restore: (title) => `${title} is back as it was.`,
  purge: (title) => `What was retired of ${title} is destroyed, as approved.`,
}

const contained = (report: RunReport): string =>
  report.seconds.contained === null
    ? 'Nobody has seen the application obey the switch: treat it as not contained.'
    : 'The system is contained meanwhile.'

/** What happened, in one or two sentences, without the data and without the undo. */
export const story = (report: RunReport): string => {
  const { outcome, path, planTitle, problem } = report
  if (outcome === 'nothing-to-do') return `${planTitle} was in the wanted state, or another run does this work.`
  if (outcome === 'needs-human')
    return `The run stopped${problem ? ` in “${problem.state}”` : ''} and waits for a person. ${contained(report)}`
  if (outcome === 'drill-passed') return `The ${path} path for ${planTitle} works as it is written.`
  return DONE[path](planTitle)
}

/** `contained` of the figures: the time, or that it is not known. */
export const containment = (report: RunReport): string =>
  report.seconds.contained === null ? 'not seen' : duration(report.seconds.contained * 1_000)

const STARTERS = { alarm: 'an alarm', person: 'a person', drill: 'a drill' } as const
export const starter = ({ startedBy }: RunReport): string =>
  `${STARTERS[startedBy.kind]}${startedBy.detail === '' ? '' : ` (${startedBy.detail})`}`

/** Splits text at its backticks; `command` parts stood between two of them. A lone backtick is text. */
export const commands = (text: string): { command: boolean; text: string }[] =>
  text
    .split(/(`[^`]+`)/)
    .filter((part) => part !== '')
    .map((part) =>
      /^`[^`]+`$/.test(part) ? { command: true, text: part.slice(1, -1) } : { command: false, text: part },
    )
