import { printRoute } from '#core/plan/work-of.ts'
import {
  BUDGET_WORDS,
  budgetFigures,
  budgetName,
  budgetState,
  checksInWords,
  facts,
  failure,
  retirementInWords,
  signalRows,
  snapshotInWords,
  took,
  undoOf,
} from '#core/report/facts.ts'
import { clock, count, duration, moment, momentOrWords, size } from '#core/report/figures.ts'
import { incidentRecord } from '#core/report/incident-record.ts'
import { code, document, list, prose, section, steps, table, text } from '#core/report/markdown/markup.ts'
import type { RunReport } from '#core/report/model.ts'
import { visitsOf } from '#core/report/visits.ts'
import { CHECK_WORDS, containment, OUTCOME_WORDS, sentence, story } from '#core/report/wording.ts'

/** The report for a ticket: GitHub-flavoured Markdown, every value escaped, times in UTC. */
export const renderMarkdown = (report: RunReport): string =>
  document(
    `# ${OUTCOME_WORDS[report.outcome]}: ${text(report.plan)}, ${printRoute(report)} path, ${text(report.environment)}`,
    summary(report),
    problem(report),
    section('What to do next', steps(report.next.map(prose))),
    section('Incident', record(report)),
    section('Timeline', timeline(report)),
    section('Signals', signals(report)),
    section('States taken', states(report)),
    section('Checks', checks(report)),
    section('Watch', watch(report)),
    section('Steps', stepTable(report)),
    section('Snapshot', snapshot(report)),
    section('Retired tables', retirement(report)),
    section('Approvals', approvals(report)),
    section('Evidence', evidence(report)),
    section('Messages', messages(report)),
    section('Budgets', budgets(report)),
    section('Contacts', contacts(report)),
    section('Follow-ups', followUps(report)),
    section(
      'This run',
      table(
        ['', ''],
        facts(report).map(({ label, value, code: asCode }) => [label, asCode ? code(value) : text(value)]),
      ),
    ),
  )

const summary = (report: RunReport) =>
  [
    `**${text(story(report))} ${text(sentence(report.loss))}**`,
    [
      `Contained: ${containment(report)}${limit(report, 'contained')}`,
      `total: ${duration(report.seconds.total * 1_000)}${limit(report, 'total', report.seconds.total * 1_000)}`,
      checksInWords(report),
    ].join(' · '),
    ...undo(report),
  ].join('\n\n')

/** The budget of the path is not for the watch after it, whose time stands in the figure beside it: `shownMs`. */
const limit = ({ budgets }: RunReport, name: string, shownMs?: number) => {
  const budget = budgets.find((candidate) => candidate.name === name)
  if (!budget) return ''
  const { actualMs } = budget
  const watched = shownMs !== undefined && actualMs !== null && shownMs - actualMs > 1_000
  const path = watched ? `the path ${duration(actualMs)}, ` : ''
  return ` (${path}budget ${duration(budget.limitMs)}, ${BUDGET_WORDS[budgetState(budget)].toLowerCase()})`
}

const problem = ({ problem: found }: RunReport) =>
  found
    ? section(
        `Problem in “${text(found.state)}”`,
        `**${text(found.error)}**: ${text(found.cause)}`,
        `What to do: ${prose(found.fix)}`,
      )
    : ''

const record = (report: RunReport) =>
  incidentRecord(report)
    .map(({ title, lines }) =>
      table(
        [title, ''],
        lines.map(({ label, value }) => [text(label), text(value)]),
      ),
    )
    .join('\n\n')

const timeline = ({ timeline: lines }: RunReport) =>
  table(
    ['Time (UTC)', 'What happened'],
    lines.map(({ at, text: what }) => [clock(at), prose(what)]),
  )

const signals = (report: RunReport) =>
  table(
    ['Time (UTC)', 'Signal', 'Severity', 'Alarm', 'For', 'What came of it'],
    signalRows(report).map(({ at, signal, severity, alarm, path, what }) => [
      moment(at),
      text(signal),
      text(severity),
      text(alarm),
      path,
      text(what),
    ]),
  )

const states = (report: RunReport) =>
  steps(
    visitsOf(report.states).map((state) => {
      const failed = failure(state)
      return `${text(state.name)} (${took(state)})${failed === null ? '' : `, **${text(failed)}**`}`
    }),
  )

const checks = (report: RunReport) =>
  table(
    ['Result', 'Check', 'Asks', 'Saw'],
    report.checks.map(({ name, status, describe, detail }) => [
      `**${CHECK_WORDS[status]}**`,
      text(name),
      text(describe),
      text(detail),
    ]),
  )

const watch = (report: RunReport) =>
  table(
    ['Looked (UTC)', 'After', 'Tier', 'Result', 'Saw'],
    report.watch.map(({ at, after, tier, status, detail }) => [
      clock(at),
      text(after),
      String(tier),
      `**${CHECK_WORDS[status]}**`,
      text(detail),
    ]),
  )

const stepTable = (report: RunReport) =>
  table(
    ['Started (UTC)', 'Step', 'Changed', 'Took', 'Detail'],
    report.steps.map(({ kind, startedAt, changed, ms, detail }) => [
      clock(startedAt),
      text(kind),
      changed ? 'yes' : 'no',
      duration(ms),
      text(detail),
    ]),
  )

const snapshot = ({ snapshot: taken }: RunReport) =>
  taken
    ? [
        `${code(taken.id)}: ${snapshotInWords(taken)}; ${taken.sealedAt ? `sealed ${moment(taken.sealedAt)}` : '**not sealed: nothing can be restored from it**'}`,
        table(
          ['Table', 'Rows', 'Bytes', 'SHA-256 of its rows'],
          taken.tables.map(({ schema, name, rows, bytes, sha256 }) => [
            text(`${schema}.${name}`),
            count(rows),
            size(bytes),
            code(sha256),
          ]),
        ),
      ].join('\n\n')
    : ''

const undo = (report: RunReport): string[] => {
  const found = undoOf(report)
  return found ? [`${found.lead} ${code(found.command)}`] : []
}

const retirement = (report: RunReport) =>
  report.retirement
    ? list([
        `${report.retirement.tables.map(({ schema, name }) => code(`${schema}.${name}`)).join(', ')}: ${retirementInWords(report)}`,
        ...undo(report),
      ])
    : ''

const approvals = (report: RunReport) =>
  table(
    ['Decision', 'Purpose', 'Role', 'Name', 'At', 'Digest of what was approved'],
    report.approvals.map(({ decision, purpose, role, name, at, digest }) => [
      decision,
      text(purpose),
      text(role),
      text(name),
      moment(at),
      code(digest),
    ]),
  )

const evidence = (report: RunReport) =>
  table(
    ['Record', 'Status', 'Key', 'Detail'],
    report.evidence.map(({ name, status, key, detail }) => [
      text(name),
      status,
      key === null ? '' : code(key),
      text(detail),
    ]),
  )

const messages = (report: RunReport) =>
  table(
    ['At', 'Message', 'Delivered'],
    report.notifications.map(({ at, subject, delivered }) => [moment(at), text(subject), delivered ? 'yes' : '**no**']),
  )

const budgets = (report: RunReport) =>
  table(
    ['Budget', 'Actual', 'Result'],
    report.budgets.map((budget) => [
      text(budgetName(budget)),
      budgetFigures(budget),
      BUDGET_WORDS[budgetState(budget)],
    ]),
  )

const contacts = (report: RunReport) =>
  table(
    ['Role', 'Name', 'Reach'],
    report.contacts.map(({ role, name, reach }) => [text(role), text(name), text(reach)]),
  )

const followUps = (report: RunReport) =>
  list(
    report.followUps.map(
      ({ text: what, role, due }) =>
        `[ ] ${prose(what)} (${text(role)}${due ? `, due ${text(momentOrWords(due))}` : ''})`,
    ),
  )
