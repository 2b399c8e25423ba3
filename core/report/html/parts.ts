import { clock, moment } from '#core/report/figures.ts'
import { type Content, html, type Markup } from '#core/report/html/markup.ts'
import { commands } from '#core/report/wording.ts'

/** Where on the page a run is told: a drill tells several, each with ids and headings of its own. */
export interface Place {
  readonly id: (name: string) => string
  /** Level of the headings of its sections. */
  readonly level: 2 | 3
}

export const code = (text: string): Markup => html`<code>${text}</code>`

/** One click selects the whole command. */
export const command = (text: string): Markup => html`<code class="command">${text}</code>`

/** Text in which what stands between backticks is a command. */
export const prose = (text: string): Markup =>
  html`${commands(text).map((part) => (part.command ? command(part.text) : part.text))}`

export const time = (at: string, show: 'moment' | 'clock' = 'moment'): Markup =>
  html`<time datetime="${at}">${show === 'moment' ? moment(at) : clock(at)}</time>`

export type Tone = 'good' | 'bad' | 'warn' | 'plain'
const MARKS: Record<Tone, string> = { good: '✓', bad: '✕', warn: '?', plain: '–' }

/** A word and a mark; the colour only repeats them. */
export const badge = (tone: Tone, word: string): Markup =>
  html`<span class="badge ${tone}"><span aria-hidden="true">${MARKS[tone]}</span> ${word}</span>`

/** A card of the page, and how the page's contents name it. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly markup: Markup
}

/** Nothing inside: no card. */
export const section = (place: Place, name: string, title: string, ...body: Content[]): Section | null => {
  const filled = body.filter((part) => part !== null && part !== undefined && part !== false)
  if (filled.length === 0) return null
  const heading = `h${place.level}`
  const id = place.id(name)
  const markup = html`<section class="card ${name}" aria-labelledby="${id}"><${heading} id="${id}">${title}</${heading}>
${filled}
</section>
`
  return { id, title, markup }
}

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => Content
  /** Figures stand to the right, in digits of one width. */
  readonly figures?: true
}

/** A table that scrolls inside its own box where the page is narrow. No rows: no table. */
export const table = <Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Markup | null =>
  rows.length === 0
    ? null
    : html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${columns.map(({ head, figures }) => html`<th scope="col"${figures && html` class="figures"`}>${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map(({ cell, figures }) => html`<td${figures && html` class="figures"`}>${cell(row)}</td>`)}</tr>\n`)}</tbody></table></div>`

/** A bar of what was used against what was allowed, with a mark at the limit. The text beside it says the same. */
export const bar = (actual: number, limit: number, tone: Tone): Markup => {
  const whole = Math.max(actual, limit, 1) * (actual > limit ? 1.04 : 1)
  const part = (value: number) => Math.round((value / whole) * 10_000) / 100
  return html`<svg class="bar ${tone}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="all" width="100" height="8"/><rect class="used" width="${Math.max(0.8, part(actual))}" height="8"/>${actual > limit && html`<rect class="limit" x="${part(limit)}" width="0.6" height="8"/>`}</svg>`
}
