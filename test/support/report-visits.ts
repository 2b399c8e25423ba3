import type { VisitedState } from '#core/report/model.ts'

const START = Date.parse('2026-11-21T03:12:07.000Z')
/** ISO time so many milliseconds after the alarm. */
export const after = (ms: number): string => new Date(START + ms).toISOString()
/** 64 hex digits that differ by their seed. */
export const sha = (seed: string): string =>
  Array.from({ length: 64 }, (_, i) => ((seed.charCodeAt(i % seed.length) * (i + 7)) % 16).toString(16)).join('')

/** `[name, ms, attempts, error]`; a visit begins when the one before ended, `> name` while that one goes on. */
type Leg = readonly [name: string, ms: number | null, attempts?: number, error?: string]

export const visited = (legs: readonly Leg[], start = 900): VisitedState[] => {
  let [began, ended] = [start, start]
  return legs.map(([name, ms, attempts = 1, error = null]) => {
    const inside = name.startsWith('> ')
    if (!inside) {
      began = ended
      ended += ms ?? 0
    }
    const status = error === null ? (ms === null ? 'running' : 'succeeded') : 'failed'
    return { name: name.replace('> ', ''), startedAt: after(began), ms, attempts, status, error }
  })
}

export const OPENING: Leg[] = [
  ['May containment come first?', 4],
  ['Contain', 3_310],
  ['Open incident', 412],
  ['Is it ours?', 4],
  ['Tell and record', 2_204],
  ['> Notify the start', 380],
  ['> Preserve evidence', 1_824],
  ['Approved first?', 4],
  ['Which path?', 5],
]
export const CLOSING: Leg[] = [
  ['Verify', 1_940],
  ['Verified?', 4],
  ['Watch', 240],
  ['Recovered?', 4],
  ['Wait and watch', 60_000],
  ['Watch', 232],
  ['Recovered?', 4],
  ['Report', null],
]
export const FULL: Leg[] = [
  ...OPENING,
  ['Run the steps', 11],
  ['Retire too?', 4],
  ['Retire', 1_266, 3],
  ['List parts', 342],
  ['Snapshot each part', 48_220],
  ['> Snapshot part', 11_902],
  ['> Snapshot part', 12_377, 2],
  ['> Snapshot part', 12_011],
  ['> Snapshot part', 11_930],
  ['Seal snapshot', 910],
  ['Verify snapshot', 14_300],
  ['Purge now?', 4],
  ...CLOSING,
]
