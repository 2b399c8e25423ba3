import { printRoute } from '#core/plan/work-of.ts'
import { moment } from '#core/report/figures.ts'
import { html } from '#core/report/html/markup.ts'
import { page, rawJson } from '#core/report/html/page.ts'
import { run } from '#core/report/html/run.ts'
import { lineage, OUTCOME_TONES } from '#core/report/html/top.ts'
import type { RunReport } from '#core/report/model.ts'
import { readGraph } from '#core/report/picture/graph.ts'
import { OUTCOME_WORDS } from '#core/report/wording.ts'

/**
 * The report as one self-contained page. `machine` is the definition in Amazon States Language, as parsed JSON; with
 * anything else the page says that it has no picture, because a report that fails helps nobody.
 */
export const renderHtml = (report: RunReport, machine: unknown): string => {
  const outcome = OUTCOME_WORDS[report.outcome]
  return page(
    {
      title: `${outcome}: ${report.plan}, ${printRoute(report)} path, ${report.environment}`,
      tone: OUTCOME_TONES[report.outcome],
    },
    lineage(report),
    html`${run({ id: (name) => name, level: 2 }, report, readGraph(machine), html`<h1>${outcome}</h1>`)}${rawJson(report)}`,
    html`<p>Written ${moment(report.createdAt)}. ${report.incident}</p>`,
  )
}
