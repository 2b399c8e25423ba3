import { failure, took } from '#core/report/facts.ts'
import { duration } from '#core/report/figures.ts'
import { html, type Markup } from '#core/report/html/markup.ts'
import { type Place, prose, type Section, section, time } from '#core/report/html/parts.ts'
import type { RunReport } from '#core/report/model.ts'
import { allStates, type Graph } from '#core/report/picture/graph.ts'
import { drawMachine } from '#core/report/picture/svg.ts'
import { type StateVisits, visitsOf } from '#core/report/visits.ts'

const begun = (report: RunReport): number =>
  Math.min(
    ...[report.signal?.at, report.states[0]?.startedAt, report.timeline[0]?.at, report.createdAt]
      .filter((at) => at !== undefined)
      .map((at) => Date.parse(at)),
  )

const sinceThen = (report: RunReport, at: string): string => `+${duration(Math.max(0, Date.parse(at) - begun(report)))}`

export const timeline = (place: Place, report: RunReport): Section | null =>
  section(
    place,
    'timeline',
    'Timeline',
    report.timeline.length > 0 &&
      html`<ol class="events">${report.timeline.map(
        ({ at, kind, text }) =>
          html`<li class="${kind}"><span class="when">${time(at, 'clock')} <span class="since">${sinceThen(report, at)}</span></span> <span class="what">${
            kind === 'problem' && html`<strong>Problem:</strong> `
          }${prose(text)}</span></li>\n`,
      )}</ol><p class="hint">Times in UTC; + is the time since the start.</p>`,
  )

/** When a state ran, as marks on the line of the whole run. */
const marks = (report: RunReport, { visits }: StateVisits): Markup => {
  const start = begun(report)
  const whole = Math.max(1, Date.parse(report.createdAt) - start)
  const part = (ms: number) => Math.round(Math.min(1, Math.max(0, ms / whole)) * 10_000) / 100
  return html`<svg class="when-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="4"/>${visits.map(
    ({ startedAt, ms }) =>
      html`<rect class="used" x="${Math.min(99.2, part(Date.parse(startedAt) - start))}" width="${Math.max(0.8, part(ms ?? Date.parse(report.createdAt) - Date.parse(startedAt)))}" height="4"/>`,
  )}</svg>`
}

const stateList = (report: RunReport): Markup =>
  html`<ol class="states">${visitsOf(report.states).map((state) => {
    const failed = failure(state)
    return html`<li class="${state.status}${state.error !== null && state.status === 'succeeded' && ' recovered'}"><span class="name">${state.name}</span> <span class="took">${took(state)}</span>${
      failed && html` <span class="failure">${failed}</span>`
    }${marks(report, state)}</li>\n`
  })}</ol>`

const legend = html`<ul class="legend"><li><i class="taken"></i>taken, numbered in order</li><li><i class="failed"></i>failed</li><li><i class="running"></i>in progress</li><li><i class="not-taken"></i>not taken</li><li><i class="ends"></i>an end</li></ul>`

/** States that the definition does not have: it is not the one that ran. */
const strangers = (report: RunReport, graph: Graph): string[] => {
  const known = new Set(allStates(graph).map(({ name }) => name))
  return visitsOf(report.states)
    .map(({ name }) => name)
    .filter((name) => !known.has(name))
}

/** The way through the machine: as a picture, and as the list of the states for whoever cannot see it. */
export const course = (place: Place, report: RunReport, graph: Graph | null): Section | null => {
  if (report.states.length === 0 && graph === null) return null
  const unknown = graph ? strangers(report, graph) : []
  return section(
    place,
    'course',
    'The way taken',
    graph
      ? html`${legend}<p class="hint">Nearly every state leads to a person when it fails; such a line is drawn only where it was taken.</p>`
      : html`<p class="hint">The definition of the state machine was not at hand, so there is no picture.</p>`,
    unknown.length > 0 &&
      html`<p class="hint">Not in the picture, for the definition does not have them: ${unknown.join(', ')}.</p>`,
    html`<div class="course-grid">${
      graph &&
      html`<div class="picture scroll ${report.outcome === 'needs-human' && 'waiting'}" role="region" aria-label="Picture of the state machine" tabindex="0">${drawMachine(graph, report.states, place.id('machine'))}</div>`
    }${stateList(report)}</div>`,
  )
}
