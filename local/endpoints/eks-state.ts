import { z } from 'zod'

const Named = z.string().regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/)

/** Clusters by name, as a fixture gives them; deployments and ConfigMaps are named `namespace/name`. */
export const EksState = z.record(
  z.string(),
  z.strictObject({
    deployments: z
      .record(
        Named,
        z.strictObject({
          image: z.string(),
          replicas: z.int().min(0),
          env: z.record(z.string(), z.string()).default({}),
          /** Its rollouts stand still until a state says otherwise. */
          hold: z.boolean().default(false),
          /** Images whose pods never become healthy. */
          fails: z.array(z.string()).default([]),
        }),
      )
      .default({}),
    configmaps: z.record(Named, z.record(z.string(), z.string())).default({}),
  }),
)
export type EksState = z.output<typeof EksState>
