import {
  BUDGET_WORDS,
  budgetFigures,
  budgetName,
  budgetState,
  facts,
  retirementInWords,
  signalRows,
  snapshotInWords,
  undoOf,
} from '#core/report/facts.ts'
import { count, duration, momentOrWords, size } from '#core/report/figures.ts'
import { html, type Markup } from '#core/report/html/markup.ts'
import {
  badge,
  bar,
  code,
  command,
  type Place,
  prose,
  type Section,
  section,
  type Tone,
  table,
  time,
} from '#core/report/html/parts.ts'
import { incidentRecord } from '#core/report/incident-record.ts'
import type { RunReport } from '#core/report/model.ts'
import { CHECK_WORDS } from '#core/report/wording.ts'

const CHECK_TONES = { pass: 'good', fail: 'bad', unknown: 'warn' } as const

export const checks = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'checks',
    'Checks',
    table(
      'What was checked, and what was seen',
      [
        { head: 'Result', cell: ({ status }) => badge(CHECK_TONES[status], CHECK_WORDS[status]) },
        { head: 'Check', cell: ({ name, describe }) => html`<strong>${describe || name}</strong><br>${code(name)}` },
        { head: 'Saw', cell: ({ detail }) => detail },
      ],
      report.checks,
    ) ?? html`<p>No check ran. That is not a pass.</p>`,
  )

export const signals = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'signals',
    'Signals',
    table(
      'What asked for this run',
      [
        { head: 'Time', cell: ({ at }) => time(at) },
        { head: 'Signal', cell: ({ signal, alarm }) => html`<strong>${signal}</strong><br>${alarm}` },
        { head: 'Severity', cell: ({ severity }) => severity },
        { head: 'For', cell: ({ path }) => path },
        { head: 'What came of it', cell: ({ what }) => what },
      ],
      signalRows(report),
    ),
  )

export const watch = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'watch',
    'Watch',
    table(
      'What each look saw',
      [
        { head: 'Looked', cell: ({ at }) => time(at, 'clock') },
        { head: 'Result', cell: ({ status }) => badge(CHECK_TONES[status], CHECK_WORDS[status]) },
        { head: 'After', cell: ({ after, tier }) => html`${code(after)}, tier ${tier}` },
        { head: 'Saw', cell: ({ detail }) => detail },
      ],
      report.watch,
    ),
  )

export const steps = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'steps',
    'Steps',
    table(
      'What was done',
      [
        { head: 'Started', cell: ({ startedAt }) => time(startedAt, 'clock') },
        { head: 'Step', cell: ({ kind }) => code(kind) },
        { head: 'Changed', cell: ({ changed }) => (changed ? 'yes' : 'no') },
        { head: 'Took', figures: true, cell: ({ ms }) => duration(ms) },
        { head: 'Detail', cell: ({ detail }) => prose(detail) },
      ],
      report.steps,
    ),
  )

const snapshotTable = (snapshot: NonNullable<RunReport['snapshot']>): Markup =>
  html`<p>${code(snapshot.id)} · ${snapshotInWords(snapshot)} · ${
    snapshot.sealedAt
      ? html`sealed ${time(snapshot.sealedAt)}`
      : badge('warn', 'Not sealed: nothing can be restored from it')
  }</p>${table(
    'Tables of the snapshot',
    [
      { head: 'Table', cell: ({ schema, name }) => code(`${schema}.${name}`) },
      { head: 'Rows', figures: true, cell: ({ rows }) => count(rows) },
      { head: 'Size', figures: true, cell: ({ bytes }) => size(bytes) },
      { head: 'SHA-256 of its rows', cell: ({ sha256 }) => html`<code class="digest">${sha256}</code>` },
    ],
    snapshot.tables,
  )}`

const retired = (report: RunReport): Markup | null => {
  const undo = undoOf(report)
  return (
    report.retirement &&
    html`<p>${report.retirement.tables.map(({ schema, name }, i) => html`${i > 0 && ', '}${code(`${schema}.${name}`)}`)}: ${retirementInWords(report)}.</p>${
      undo && html`<p>${undo.lead} ${command(undo.command)}</p>`
    }`
  )
}

/** Where the rows are: kept out of reach, and copied. */
export const data = (place: Place, report: RunReport): Section | null =>
  section(place, 'data', 'Where the data is', retired(report), report.snapshot && snapshotTable(report.snapshot))

const DECISION_WORDS = { approved: 'Approved', denied: 'Denied', void: 'Void', 'timed-out': 'Timed out' } as const
const DECISION_TONES = { approved: 'good', denied: 'bad', void: 'warn', 'timed-out': 'warn' } as const

export const approvals = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'approvals',
    'Approvals',
    table(
      'Who decided what',
      [
        { head: 'Decision', cell: ({ decision }) => badge(DECISION_TONES[decision], DECISION_WORDS[decision]) },
        { head: 'Purpose', cell: ({ purpose }) => purpose },
        { head: 'By', cell: ({ role, name }) => html`${name}<br>${role}` },
        { head: 'At', cell: ({ at }) => time(at) },
        { head: 'Digest of what was approved', cell: ({ digest }) => html`<code class="digest">${digest}</code>` },
      ],
      report.approvals,
    ),
  )

export const evidence = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'evidence',
    'Evidence',
    table(
      'What was recorded before anything changed',
      [
        {
          head: 'Status',
          cell: ({ status }) => (status === 'kept' ? badge('good', 'Kept') : badge('warn', 'Unknown')),
        },
        { head: 'Record', cell: ({ name }) => name },
        { head: 'Saw', cell: ({ detail }) => detail },
        { head: 'Key in the bucket', cell: ({ key }) => key && html`<code class="digest">${key}</code>` },
      ],
      report.evidence,
    ),
  )

export const messages = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'messages',
    'Messages',
    table(
      'Who was told',
      [
        {
          head: 'Delivered',
          cell: ({ delivered }) => (delivered ? badge('good', 'Yes') : badge('bad', 'No')),
        },
        { head: 'Message', cell: ({ subject }) => subject },
        { head: 'At', cell: ({ at }) => time(at) },
      ],
      report.notifications,
    ),
  )

const BUDGET_TONES: Record<keyof typeof BUDGET_WORDS, Tone> = { met: 'good', missed: 'bad', unknown: 'warn' }

export const budgets = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'budgets',
    'Budgets',
    table(
      'Time taken against time allowed',
      [
        { head: 'Budget', cell: (budget) => budgetName(budget) },
        {
          head: 'Actual against limit',
          cell: (budget) =>
            html`${bar(budget.actualMs ?? 0, budget.limitMs, BUDGET_TONES[budgetState(budget)])}${budgetFigures(budget)}`,
        },
        {
          head: 'Result',
          cell: (budget) => badge(BUDGET_TONES[budgetState(budget)], BUDGET_WORDS[budgetState(budget)]),
        },
      ],
      report.budgets,
    ),
  )

export const contacts = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'contacts',
    'Contacts',
    report.contacts.length > 0 &&
      html`<dl>${report.contacts.map(({ role, name, reach }) => html`<dt>${role}</dt><dd>${name}<br><strong>${reach}</strong></dd>\n`)}</dl>`,
  )

export const incident = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'incident',
    'Incident',
    ...incidentRecord(report).map(({ title, lines }) =>
      table(
        title,
        [
          { head: 'Field', cell: ({ label }) => label },
          { head: title, cell: ({ value }) => value },
        ],
        lines,
      ),
    ),
  )

export const followUps = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'follow-ups',
    'Follow-ups',
    report.followUps.length > 0 &&
      html`<ul>${report.followUps.map(({ text, role, due }) => html`<li>${prose(text)}<br><span class="hint">${role}${due && `, due ${momentOrWords(due)}`}</span></li>\n`)}</ul>`,
  )

export const about = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'about',
    'This run',
    html`<dl>${facts(report).map(({ label, value, code: asCode }) => html`<dt>${label}</dt><dd>${asCode ? html`<code class="digest">${value}</code>` : value}</dd>\n`)}</dl>`,
  )
