import { failure, took } from '#core/report/facts.ts'
import type { GraphState } from '#core/report/picture/graph.ts'
import type { Size } from '#core/report/picture/layered.ts'
import { shortened, textWidth, wrap } from '#core/report/picture/text.ts'
import { visible } from '#core/report/visible.ts'
import type { StateVisits } from '#core/report/visits.ts'

export interface Line {
  readonly kind: 'name' | 'note' | 'figures' | 'error'
  readonly text: string
}

/** Font size and line height in pixels. The style sheet has the same sizes. */
export const FONTS = {
  name: { size: 13, height: 17 },
  note: { size: 11, height: 15 },
  figures: { size: 11.5, height: 16 },
  error: { size: 11.5, height: 16 },
} as const

const WIDEST_TEXT = 196
/** Above and below the lines, and at their sides: the number of a visited state sits on the edge. */
const ROOM = { vertical: 16, beside: 26, besideNumber: 40 } as const
const NARROWEST = { task: 148, other: 84 } as const

const NOTES: Record<string, string> = { Map: 'once for each item', Parallel: 'side by side' }

/** What stands in the box of a state, from top to bottom. */
export const caption = (state: GraphState, visited: StateVisits | undefined): Line[] => {
  const failed = visited && failure(visited)
  return [
    ...wrap(visible(state.name), FONTS.name.size, WIDEST_TEXT).map((text) => ({ kind: 'name' as const, text })),
    ...(state.inner.length > 0 ? [{ kind: 'note' as const, text: NOTES[state.type] ?? state.type }] : []),
    ...(visited ? [{ kind: 'figures' as const, text: shortened(took(visited), FONTS.figures.size, WIDEST_TEXT) }] : []),
    ...(failed ? [{ kind: 'error' as const, text: shortened(visible(failed), FONTS.error.size, WIDEST_TEXT) }] : []),
  ]
}

export const captionHeight = (lines: readonly Line[]): number =>
  lines.reduce((sum, { kind }) => sum + FONTS[kind].height, 0)

/** The room that a box needs for its lines. */
export const captionSize = (state: GraphState, lines: readonly Line[]): Size => {
  const widest = Math.max(0, ...lines.map(({ kind, text }) => textWidth(text, FONTS[kind].size)))
  const numbered = lines.some(({ kind }) => kind === 'figures')
  const least = state.end || state.type === 'Choice' ? NARROWEST.other : NARROWEST.task
  return {
    width: Math.max(least, Math.ceil(widest + (numbered ? ROOM.besideNumber : ROOM.beside))),
    height: captionHeight(lines) + ROOM.vertical,
  }
}
