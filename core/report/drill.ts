import { z } from 'zod'
import { printRoute } from '#core/plan/work-of.ts'
import { budgetsInWords, checksInWords, missedBudgets } from '#core/report/facts.ts'
import { counted, duration, moment } from '#core/report/figures.ts'
import { html, type Markup } from '#core/report/html/markup.ts'
import { page, rawJson } from '#core/report/html/page.ts'
import { badge, table } from '#core/report/html/parts.ts'
import { run } from '#core/report/html/run.ts'
import { icon, OUTCOME_TONES } from '#core/report/html/top.ts'
import { document, table as markdownTable, section, text } from '#core/report/markdown/markup.ts'
import { renderMarkdown } from '#core/report/markdown.ts'
import { OUTCOMES, RunReport } from '#core/report/model.ts'
import { readGraph } from '#core/report/picture/graph.ts'
import { type Summary, summary } from '#core/report/summary.ts'
import { containment, OUTCOME_WORDS } from '#core/report/wording.ts'

/** Several runs after one another against one database: what a drill without `--path` does. */
export const DrillReport = z.strictObject({
  version: z.literal(1),
  outcome: z.enum(OUTCOMES),
  plan: z.string(),
  /** What the plan protects, as the head of a sentence. */
  planTitle: z.string(),
  /** Which database it was, for people: "embedded, PGlite 0.5" or host and name. Never a password. */
  database: z.string(),
  runs: z.array(z.strictObject({ title: z.string(), report: RunReport })),
  seconds: z.strictObject({ total: z.number().nonnegative() }),
  createdAt: z.iso.datetime({ offset: true }),
})
export type DrillReport = z.infer<typeof DrillReport>

/** What `drill --json` prints. */
export interface DrillSummary {
  readonly outcome: DrillReport['outcome']
  readonly plan: string
  readonly runs: readonly Summary[]
  readonly seconds: { readonly total: number }
}

export const drillSummary = (drill: DrillReport): DrillSummary => ({
  outcome: drill.outcome,
  plan: drill.plan,
  runs: drill.runs.map(({ report }) => summary(report)),
  seconds: { total: drill.seconds.total },
})

/** A path that works and takes longer than people were promised has not passed. */
export const outcomeOfDrill = (runs: DrillReport['runs']): 'drill-passed' | 'needs-human' =>
  runs.every(({ report }) => report.outcome === 'drill-passed' && missedBudgets(report).length === 0)
    ? 'drill-passed'
    : 'needs-human'

const runId = (index: number) => `run-${index + 1}`
const total = ({ report }: { report: RunReport }) => duration(report.seconds.total * 1_000)
/** What was drilled, and where it stopped if it did. */
const lead = (drill: DrillReport): string => {
  const all = `${drill.planTitle}: ${counted(drill.runs.length, 'run')} against ${drill.database}, ${duration(drill.seconds.total * 1_000)} in all.`
  if (drill.outcome !== 'needs-human') return all
  const stuck = drill.runs.find(({ report }) => report.outcome === 'needs-human')
  const late = drill.runs.find(({ report }) => missedBudgets(report).length > 0)
  if (!stuck && late) return `${all} A budget was missed in “${late.title}”. ${missedBudgets(late.report).join('; ')}.`
  return `${all} ${stuck ? `It stopped in “${stuck.title}”.` : 'It stopped in a run that left no report.'}`
}

/** The drill for a ticket: an overview, then the report of every run. */
export const renderDrillMarkdown = (drill: DrillReport): string =>
  document(
    `# ${OUTCOME_WORDS[drill.outcome]}: ${text(drill.plan)}`,
    text(lead(drill)),
    section(
      'Runs',
      markdownTable(
        ['Run', 'Path', 'Outcome', 'Contained', 'Total', 'Budgets', 'Checks'],
        drill.runs.map(({ title, report }) => [
          text(title),
          printRoute(report),
          OUTCOME_WORDS[report.outcome],
          containment(report),
          duration(report.seconds.total * 1_000),
          budgetsInWords(report),
          checksInWords(report),
        ]),
      ),
    ),
    ...drill.runs.map(({ title, report }) => `---\n\n# ${text(title)}\n\n${deeper(renderMarkdown(report)).trim()}`),
  )

/** One heading level down: values cannot begin a line, so every line that begins with # is a heading. */
const deeper = (markdown: string) => markdown.replace(/^#/gm, '##')

const overview = (drill: DrillReport): Markup =>
  html`<section class="card index" aria-labelledby="index"><h2 id="index">Runs</h2>${table(
    'In the order in which they ran',
    [
      { head: 'Run', cell: ({ index, title }) => html`<a href="#${runId(index)}">${index + 1}. ${title}</a>` },
      { head: 'Path', cell: ({ report }) => printRoute(report) },
      { head: 'Outcome', cell: ({ report }) => badge(OUTCOME_TONES[report.outcome], OUTCOME_WORDS[report.outcome]) },
      { head: 'Contained in', figures: true, cell: ({ report }) => containment(report) },
      { head: 'Total', figures: true, cell: (each) => total(each) },
      { head: 'Budgets', cell: ({ report }) => budgetsInWords(report) },
      { head: 'Checks', cell: ({ report }) => checksInWords(report) },
    ],
    drill.runs.map((each, index) => ({ ...each, index })),
  )}</section>
`

/** The drill as one self-contained page: an overview, then every run, each to be folded. */
export const renderDrillHtml = (drill: DrillReport, machine: unknown): string => {
  const tone = OUTCOME_TONES[drill.outcome]
  const outcome = OUTCOME_WORDS[drill.outcome]
  const graph = readGraph(machine)
  const runs = drill.runs.map(({ title, report }, index) => {
    const place = { id: (name: string) => `${runId(index)}-${name}`, level: 3 as const }
    const folded = OUTCOME_TONES[report.outcome] !== 'bad'
    return html`<details class="run"${!folded && html` open`}><summary><h2>${index + 1}. ${title}</h2> ${badge(
      OUTCOME_TONES[report.outcome],
      OUTCOME_WORDS[report.outcome],
    )} <span class="hint">${total({ report })}</span></summary><div id="${runId(index)}">
${run(place, report, graph, html`<h3>${OUTCOME_WORDS[report.outcome]}</h3>`)}</div></details>
`
  })
  return page(
    { title: `${outcome}: ${drill.plan}`, tone },
    html`<p class="lineage"><span>${drill.plan}</span> <span>drill</span> <span>${drill.database}</span></p>`,
    html`<div class="banner ${tone}">${icon(tone)}<div><h1>${outcome}</h1><p class="story">${lead(drill)}</p></div></div>
${overview(drill)}${runs}${rawJson(drill)}`,
    html`<p>Written ${moment(drill.createdAt)}.</p>`,
  )
}
