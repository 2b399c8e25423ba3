import { printRoute } from '#core/plan/work-of.ts'
import { course, timeline } from '#core/report/html/course.ts'
import { html, type Markup } from '#core/report/html/markup.ts'
import type { Place, Section } from '#core/report/html/parts.ts'
import {
  about,
  approvals,
  budgets,
  checks,
  contacts,
  data,
  evidence,
  followUps,
  incident,
  messages,
  signals,
  steps,
  watch,
} from '#core/report/html/tables.ts'
import { banner, next, problem, tiles } from '#core/report/html/top.ts'
import type { RunReport } from '#core/report/model.ts'
import type { Graph } from '#core/report/picture/graph.ts'

const present = (sections: readonly (Section | null)[]): Section[] => sections.filter((section) => section !== null)
const cards = (sections: readonly Section[]): Markup => html`${sections.map(({ markup }) => markup)}`

const contents = (sections: readonly Section[], label: string): Markup =>
  html`<nav class="contents" aria-label="${label}"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
`

/** All that is told of one run: what matters at night first. `title` is the heading in the banner. */
export const run = (place: Place, report: RunReport, graph: Graph | null, title: Markup): Markup => {
  const now = present([problem(place, report), next(place, report)])
  const details = present([
    timeline(place, report),
    signals(place, report),
    course(place, report, graph),
    checks(place, report),
    watch(place, report),
    steps(place, report),
    data(place, report),
    approvals(place, report),
    evidence(place, report),
    messages(place, report),
    budgets(place, report),
    incident(place, report),
  ])
  const people = present([contacts(place, report), followUps(place, report)])
  const last = present([about(place, report)])
  const rest = contents([...details, ...people, ...last], `Contents: ${printRoute(report)} path`)
  return html`${banner(report, title)}${tiles(report)}${cards(now)}${rest}${cards(details)}<div class="pair">${cards(people)}</div>${cards(last)}`
}
