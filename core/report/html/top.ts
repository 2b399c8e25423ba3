import { printRoute } from '#core/plan/work-of.ts'
import { BUDGET_WORDS, budgetFigures, budgetState, checksInWords, snapshotInWords, undoOf } from '#core/report/facts.ts'
import { duration } from '#core/report/figures.ts'
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
  time,
} from '#core/report/html/parts.ts'
import type { Outcome, RunReport } from '#core/report/model.ts'
import { containment, sentence, story } from '#core/report/wording.ts'

export const OUTCOME_TONES: Record<Outcome, Tone> = {
  'rolled-back': 'good',
  restored: 'good',
  'drill-passed': 'good',
  'nothing-to-do': 'plain',
  'needs-human': 'bad',
}

const ICONS: Record<Tone, Markup> = {
  good: html`<path d="m7 12.5 3.5 3.5L17.5 8.5"/>`,
  bad: html`<path d="M12 6.5v7M12 17v.5"/>`,
  warn: html`<path d="M9 9.5a3 3 0 1 1 3 3.5v1M12 17v.5"/>`,
  plain: html`<path d="M7.5 12h9"/>`,
}
export const icon = (tone: Tone): Markup =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/>${ICONS[tone]}</svg>`

/** The outcome in words, what it means for the data, and the way back. */
export const banner = (report: RunReport, title: Markup): Markup => {
  const tone = OUTCOME_TONES[report.outcome]
  const undo = undoOf(report)
  return html`<div class="banner ${tone}">${icon(tone)}<div>
${title}
<p class="story">${story(report)} <strong>${sentence(report.loss)}</strong></p>
${undo && html`<p class="undo"><span>${undo.lead}</span> ${command(undo.command)}</p>`}
</div></div>
`
}

const budgetOf = ({ budgets }: RunReport, name: string) => budgets.find((budget) => budget.name === name)

const timeTile = (report: RunReport, name: 'contained' | 'total', label: string): Markup => {
  const seconds = report.seconds[name]
  const budget = budgetOf(report, name)
  const state = budget ? budgetState(budget) : null
  const tone = seconds === null ? 'warn' : state === 'missed' ? 'bad' : state === 'met' ? 'good' : 'plain'
  const figure = name === 'contained' ? containment(report) : duration(report.seconds.total * 1_000)
  return html`<div class="tile ${tone}"><dt>${label}</dt><dd><b>${figure}</b>${
    budget && state
      ? html`${bar(budget.actualMs ?? (seconds ?? 0) * 1_000, budget.limitMs, tone)}<span>${budgetFigures(budget)} allowed · ${BUDGET_WORDS[state].toLowerCase()}</span>`
      : html`<span>no budget in the plan</span>`
  }</dd></div>`
}

const checkTile = (report: RunReport): Markup => {
  const { checks } = report
  const passed = checks.filter(({ status }) => status === 'pass').length
  const failed = checks.some(({ status }) => status === 'fail')
  const tone: Tone = failed ? 'bad' : checks.length === 0 || passed < checks.length ? 'warn' : 'good'
  return html`<div class="tile ${tone}"><dt>Checks</dt><dd><b>${checks.length === 0 ? 'none' : `${passed} of ${checks.length}`}</b>${
    checks.length > 0 && bar(passed, checks.length, tone)
  }<span>${tone === 'good' ? 'all of them passed' : checksInWords(report)}</span></dd></div>`
}

const snapshotTile = ({ snapshot }: RunReport): Markup =>
  html`<div class="tile ${snapshot ? (snapshot.sealedAt ? 'good' : 'warn') : 'plain'}"><dt>Snapshot</dt><dd><b>${
    snapshot ? (snapshot.sealedAt ? 'sealed' : 'not sealed') : 'none'
  }</b><span>${snapshot ? snapshotInWords(snapshot) : 'this run took none'}</span></dd></div>`

/** The figures that people ask for first. */
export const tiles = (report: RunReport): Markup => html`<dl class="tiles">
${timeTile(report, 'contained', 'Contained in')}
${timeTile(report, 'total', 'Total time')}
${checkTile(report)}
${snapshotTile(report)}
</dl>
`

export const problem = (place: Place, { problem: found }: RunReport): Section | null =>
  found &&
  section(
    place,
    'problem',
    `What went wrong in “${found.state}”`,
    html`<p>${badge('bad', found.error)}</p><p class="cause">${code(found.cause)}</p><p><strong>What mends it:</strong> ${prose(found.fix)}</p>`,
  )

export const next = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'next',
    'What to do next',
    report.next.length === 0
      ? html`<p>Nothing.</p>`
      : html`<ol>${report.next.map((step) => html`<li>${prose(step)}</li>\n`)}</ol>`,
  )

/** Who, where and when, in one line above the outcome. */
export const lineage = (report: RunReport): Markup =>
  html`<p class="lineage"><span>${report.plan}</span> <span>${report.environment}</span> <span>${printRoute(report)} path</span>${
    report.drill && html` <span>drill</span>`
  } <span>${time(report.signal?.at ?? report.states[0]?.startedAt ?? report.createdAt)}</span></p>`
