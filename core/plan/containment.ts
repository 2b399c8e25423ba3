import { z } from 'zod'

/** The functions that contain. Each has concurrency of its own: nothing else of the account makes a containment wait. */
export const CONTAINS: readonly string[] = ['contain', 'on-alarm']

/** How many alarms may contain at the same time, taken from the concurrency of the account for this alone. */
export const Containment = z
  .strictObject({
    concurrency: z.int().min(5, 'five at least: a storm of alarms must not wait for itself').max(1000),
  })
  .default({ concurrency: 10 })
