import { took } from '#core/report/facts.ts'
import { html, type Markup } from '#core/report/html/markup.ts'
import type { VisitedState } from '#core/report/model.ts'
import { caption, captionHeight, captionSize, FONTS } from '#core/report/picture/caption.ts'
import { allStates, type Graph, type GraphState } from '#core/report/picture/graph.ts'
import type { Point, Rectangle } from '#core/report/picture/layered.ts'
import { layout, type PictureBox, type PictureLine } from '#core/report/picture/layout.ts'
import { type StateVisits, visitsOf } from '#core/report/visits.ts'

/** Room for numbers on the edge, loops and the mark of the start. */
const MARGIN = { x: 14, top: 34, bottom: 8 } as const

const figure = (value: number) => String(Math.round(value * 10) / 10)
const xy = ({ x, y }: Point) => `${figure(x)},${figure(y)}`

/** Straight where x stays, otherwise a curve that starts and ends upright. */
const smooth = (points: readonly Point[]): string => {
  const [first, ...rest] = points
  if (!first) return ''
  let at = first
  const parts = rest.map((point) => {
    const middle = (at.y + point.y) / 2
    const part =
      at.x === point.x
        ? `V${figure(point.y)}`
        : `C${xy({ x: at.x, y: middle })} ${xy({ x: point.x, y: middle })} ${xy(point)}`
    at = point
    return part
  })
  return `M${xy(first)}${parts.join('')}`
}

const line = ({ from, to, kind, taken, points }: PictureLine): Markup => {
  const [start, end] = [points[0] ?? { x: 0, y: 0 }, points.at(-1) ?? { x: 0, y: 0 }]
  const before = points.findLast((point) => point.y !== end.y) ?? start
  const loop = from === to
  const path = loop ? `M${xy(start)}h8q6,0 6,-6V${figure(end.y + 6)}q0,-6 -6,-6h-8` : smooth(points)
  const head = loop ? 'l7,-4v8z' : before.y < end.y ? 'l-4,-7h8z' : 'l-4,7h8z'
  return html`<g class="line ${taken && 'taken'} ${kind === 'catch' && 'caught'}"><title>${from} → ${to}${kind === 'catch' && ', after an error'}</title><path d="${path}"/><path class="head" d="M${xy(end)}${head}"/></g>`
}

/** A choice is a hexagon, an end a pill, everything else a box with round corners. */
const shape = ({ x, y, width, height }: Rectangle, { type, end }: GraphState): Markup => {
  if (type === 'Choice') {
    const tip = Math.min(12, height / 2)
    const [right, middle, bottom] = [x + width, y + height / 2, y + height]
    return html`<path class="shape" d="M${xy({ x, y: middle })}L${xy({ x: x + tip, y })}H${figure(right - tip)}L${xy({ x: right, y: middle })}L${xy({ x: right - tip, y: bottom })}H${figure(x + tip)}z"/>`
  }
  const round = end && ['Succeed', 'Fail'].includes(type) ? height / 2 : 8
  const rectangle = (inset: number, name: string) =>
    html`<rect class="${name}" x="${figure(x + inset)}" y="${figure(y + inset)}" width="${figure(width - 2 * inset)}" height="${figure(height - 2 * inset)}" rx="${figure(round - inset)}"/>`
  return html`${rectangle(0, 'shape')}${round > 8 && rectangle(3, 'inner')}`
}

type Status = VisitedState['status'] | 'passed' | 'unrecorded' | 'not-taken'
const STATUS_WORDS = {
  passed: 'passed',
  unrecorded: 'ran in executions of its own, which this report does not follow',
  'not-taken': 'not taken',
} as const

const box = (place: PictureBox, visited: StateVisits | undefined, unrecorded: boolean): Markup => {
  const { state } = place
  const lines = caption(state, visited)
  const centre = place.x + place.width / 2
  const room = state.inner.length > 0 ? 10 : (place.height - captionHeight(lines)) / 2
  let y = place.y + room
  const texts = lines.map(({ kind, text }) => {
    y += FONTS[kind].height
    return html`<text class="${kind}" x="${figure(centre)}" y="${figure(y - FONTS[kind].height * 0.28)}">${text}</text>`
  })
  const middle = state.inner.length > 0 ? place.y + room + captionHeight(lines) / 2 : place.y + place.height / 2
  const without = place.passed ? 'passed' : unrecorded ? 'unrecorded' : 'not-taken'
  const status: Status = visited?.status ?? without
  const recovered = visited?.status === 'succeeded' && visited.error !== null
  const number =
    visited &&
    html`<circle class="badge" cx="${figure(place.x)}" cy="${figure(middle)}" r="11"/><text class="order" x="${figure(place.x)}" y="${figure(middle + 4)}">${visited.order}</text>`
  return html`<g class="state ${status} ${recovered && 'recovered'} ${state.inner.length > 0 && 'holder'} ${state.end && place.depth === 0 && 'end'}" data-state="${state.name}" data-status="${status}"><title>${state.name}${visited ? `: ${took(visited)}` : `: ${STATUS_WORDS[without]}`}${visited?.error && `\n${visited.error}`}${state.comment && `\n${state.comment}`}</title>${shape(place, state)}${texts}${number}</g>`
}

/** The machine as a picture, with the way that the run took. `id` is unique on the page. */
export const drawMachine = (graph: Graph, visits: readonly VisitedState[], id: string): Markup => {
  const visited = new Map(visitsOf([...visits]).map((state): [string, StateVisits] => [state.name, state]))
  const picture = layout(graph, visits, (state) => captionSize(state, caption(state, visited.get(state.name))))
  const [width, height] = [picture.width + 2 * MARGIN.x, picture.height + MARGIN.top + MARGIN.bottom]
  const lines = [...picture.lines].sort((a, b) => Number(a.taken) - Number(b.taken))
  const holders = picture.boxes.filter(({ state }) => state.inner.length > 0)
  const others = picture.boxes.filter(({ state }) => state.inner.length === 0)
  const unrecorded = new Set(
    allStates(graph)
      .filter(({ distributed, name }) => distributed && visited.has(name))
      .flatMap(({ inner }) => inner.flatMap(allStates))
      .map(({ name }) => name),
  )
  const draw = (place: PictureBox) => box(place, visited.get(place.state.name), unrecorded.has(place.state.name))
  return html`<svg class="machine" role="img" aria-labelledby="${id}-title ${id}-desc" width="${figure(width)}" height="${figure(height)}" viewBox="${figure(-MARGIN.x)} ${-MARGIN.top} ${figure(width)} ${figure(height)}" xmlns="http://www.w3.org/2000/svg"><title id="${id}-title">The way through the state machine</title><desc id="${id}-desc">${visited.size} of the machine’s states were entered; they are numbered in that order. The list after the picture says the same in words.</desc>
<g class="line taken"><circle class="entry" cx="${figure(picture.entry.x)}" cy="${figure(picture.entry.y - 26)}" r="5"/><path d="M${xy({ x: picture.entry.x, y: picture.entry.y - 21 })}V${figure(picture.entry.y)}"/><path class="head" d="M${xy(picture.entry)}l-4,-7h8z"/></g>
${holders.map(draw)}
${lines.map(line)}
${others.map(draw)}
</svg>`
}
