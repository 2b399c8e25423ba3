import { z } from 'zod'

/** Task definitions and services, as a fixture gives them. A service is named `cluster/service`. */
export const EcsState = z.strictObject({
  /** Images by `family:revision`. What `fails` starts no task that stays; `null` is one that is no longer active. */
  'task-definitions': z
    .record(
      z.string().regex(/^[A-Za-z0-9_-]+:\d+$/),
      z.union([
        z.array(z.string()).transform((images) => ({ images, fails: false })),
        z.strictObject({ images: z.array(z.string()), fails: z.boolean() }),
        z.null(),
      ]),
    )
    .default({}),
  services: z
    .record(
      z.string().regex(/^[^/]+\/[^/]+$/),
      z.strictObject({
        'task-definition': z.string(),
        count: z.int().min(0),
        /** Its rollouts stand still until a state says otherwise. */
        hold: z.boolean().default(false),
      }),
    )
    .default({}),
})
export type EcsState = z.output<typeof EcsState>
