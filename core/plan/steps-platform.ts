import { z } from 'zod'
import { Duration } from './duration.ts'
import { exactlyOne, pattern } from './pattern.ts'
import { WORKLOAD_KEYS, WORKLOAD_SHAPE, workloadOf } from './workloads.ts'

const Within = Duration.prefault('15m').describe(
  'How long the rollout may take until everything is new and healthy; then the step fails and names what is missing.',
)

export const RECORDED = 'recorded'

/** Each stays what it is: a tag, or a family without its revision, is another version tomorrow. */
const Version = pattern(
  /^(recorded|\d+|[A-Za-z0-9_-]+:\d+)$/,
  'a version of a workload',
  'Write recorded, family:revision of ECS ("web:41"), a version of Lambda ("7"), or a revision of Kubernetes ("3").',
)

const ONE = exactlyOne('This step', WORKLOAD_KEYS)

export const PreviousVersionInput = z
  .strictObject({
    ...WORKLOAD_SHAPE,
    to: Version.default(RECORDED).describe(
      'recorded (the version and count from before the change), or a version by name.',
    ),
    within: Within,
  })
  .superRefine(ONE)
  .transform(({ to, within, ...place }) => ({ workload: workloadOf(place) ?? z.NEVER, to, within }))
  .describe('Brings a workload back to a version and its count, and waits until all of it runs that version.')
export type PreviousVersionInput = z.output<typeof PreviousVersionInput>

export const RestartInput = z
  .strictObject({
    ...WORKLOAD_SHAPE,
    why: z
      .string()
      .max(200)
      .default('')
      .describe('Tells two restarts of one workload on the same path from each other; stands in the record.'),
    within: Within,
  })
  .superRefine(ONE)
  .transform(({ why, within, ...place }) => ({ workload: workloadOf(place) ?? z.NEVER, why, within }))
  .describe('Starts all of a workload anew in its own version, so that it reads its configuration again.')
export type RestartInput = z.output<typeof RestartInput>

export const ScaleInput = z
  .strictObject({
    ecs: WORKLOAD_SHAPE.ecs,
    eks: WORKLOAD_SHAPE.eks,
    to: z
      .union([z.literal(0), z.literal(RECORDED)], { error: 'this is neither 0 nor recorded' })
      .describe('0 stops the workload; recorded brings back the count from before.'),
    within: Within,
  })
  .superRefine(exactlyOne('This step', ['ecs', 'eks']))
  .transform(({ to, within, ...place }) => ({ workload: workloadOf(place) ?? z.NEVER, to, within }))
  .describe('Takes a workload to nothing, or back to its count.')
export type ScaleInput = z.output<typeof ScaleInput>
