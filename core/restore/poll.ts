const LEAST_SECONDS = 15
const MOST_SECONDS = 3_600
/** Of the time that the build has taken so far: one that takes a day is not asked after every quarter of a minute. */
const SHARE = 0.02

/**
 * Seconds until an index build is asked after again. Each time costs the execution nine events of its history, which ends at
 * 25,000: asked every 15 seconds, a build of half a day would end the run.
 */
export const pollSeconds = (runningSeconds: number | null): number =>
  Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.floor((runningSeconds ?? 0) * SHARE)))
