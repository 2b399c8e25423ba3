/** A rollout of seconds is seen after seconds, one of minutes is not asked about all the time. Milliseconds. */
const FIRST_MS = 100
const LONGEST_MS = 2_000

/** Before the next look, after so many. */
export const pauseAfter = (looks: number): number => Math.min(LONGEST_MS, FIRST_MS * 2 ** (looks - 1))
