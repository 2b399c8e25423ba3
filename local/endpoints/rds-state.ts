import { z } from 'zod'

const GroupParameter = z.strictObject({
  /** What the engine has when nobody sets it. */
  default: z.string().optional(),
  /** What somebody has set; `null` takes it away. */
  value: z.string().nullable().optional(),
  apply: z.enum(['dynamic', 'static']).default('dynamic'),
})

/** RDS as a fixture gives it. What it names is replaced as a whole; what it does not name stays. */
export const RdsState = z.strictObject({
  'parameter-groups': z
    .record(
      z.string(),
      z.strictObject({
        of: z.enum(['instance', 'cluster']).default('instance'),
        parameters: z.record(z.string(), GroupParameter),
      }),
    )
    .prefault({}),
  instances: z
    .record(
      z.string(),
      z.strictObject({ 'parameter-group': z.string().optional(), status: z.string().default('available') }),
    )
    .prefault({}),
  clusters: z
    .record(
      z.string(),
      z.strictObject({
        min: z.number().optional(),
        max: z.number().optional(),
        'parameter-group': z.string().optional(),
        status: z.string().default('available'),
      }),
    )
    .prefault({}),
})
export type RdsState = z.output<typeof RdsState>

/** What is kept: the state, which databases wait for a reboot, and the snapshots. */
export const StoredRds = z.strictObject({
  state: RdsState,
  /** `instance/name` or `cluster/name`. */
  waiting: z.array(z.string()),
  snapshots: z.record(
    z.string(),
    z.strictObject({ of: z.enum(['instance', 'cluster']), source: z.string(), tags: z.record(z.string(), z.string()) }),
  ),
})
export type StoredRds = z.output<typeof StoredRds>

export const emptyRds = (): StoredRds => ({ state: RdsState.parse({}), waiting: [], snapshots: {} })
