import type { Moved } from './move-snapshot.ts'
import { median } from './statistics.ts'

export const MEBIBYTE = 2 ** 20

/** A line of the table: what each turn took, and the memory where it was measured. */
export const movedRow = (what: string, rows: number, turns: readonly Moved[]) => ({
  what,
  rows,
  turns: turns.length,
  'median s': median(turns.map(({ seconds }) => seconds)),
  'each s': turns.map(({ seconds }) => seconds.toFixed(2)).join(' '),
  'peak MiB, so far': turns
    .flatMap(({ peakBytes }) => (peakBytes === null ? [] : [Math.round(peakBytes / MEBIBYTE)]))
    .join(' '),
})

export const medianSeconds = (turns: readonly Moved[]): number => median(turns.map(({ seconds }) => seconds))
