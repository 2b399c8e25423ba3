import { z } from 'zod'
import { exactlyOne, pattern } from './pattern.ts'

/** RDS names things by letters, digits and dashes; {env} stands for the environment. */
const RdsName = pattern(
  /^(?=.{1,255}$)([A-Za-z]|\{env\})([A-Za-z0-9-]|\{env\})*$/,
  'a name of RDS',
  'Use letters, digits, dashes and {env}: app-{env}.',
)

const DatabaseParameter = pattern(
  /^[a-z][a-z0-9_.]*$/,
  'a parameter of PostgreSQL',
  'Write its name as a parameter group has it: work_mem, rds.logical_replication.',
)

export const ParameterGroupInput = z
  .strictObject({
    group: RdsName.describe('Name of the parameter group.'),
    of: z
      .enum(['instance', 'cluster'])
      .default('instance')
      .describe('Whether it is a parameter group of instances, or one of Aurora clusters.'),
    parameters: z.array(DatabaseParameter).min(1).max(20).describe('Its parameters that are put back; no others are.'),
    reboot: z
      .literal('ask')
      .describe('A parameter that takes effect with a reboot waits for people: no step ever reboots.'),
  })
  .describe(
    'Puts parameters of an RDS parameter group back to their recorded values, not to the defaults of the engine.',
  )
export type ParameterGroupInput = z.output<typeof ParameterGroupInput>

/** Aurora Serverless v2 counts in halves. */
const Acu = z.number().min(0).max(256).multipleOf(0.5)

export const CapacityInput = z
  .strictObject({
    cluster: RdsName.optional().describe('Aurora Serverless v2 cluster that gets more.'),
    min: Acu.optional().describe('Least capacity in ACU. What the cluster has already is never made less.'),
    max: Acu.optional().describe('Most capacity in ACU. What the cluster has already is never made less.'),
    back: RdsName.optional().describe('Cluster whose capacity is put back to what it was before.'),
  })
  .superRefine(exactlyOne('This capacity', ['cluster', 'back']))
  .superRefine(({ cluster, min, max }, context) => {
    const given = min !== undefined && max !== undefined
    const right = cluster === undefined ? min === undefined && max === undefined : given && min <= max && max > 0
    if (!right)
      context.addIssue({
        code: 'custom',
        message: 'This range of capacity cannot be.',
        params: { fix: 'Give cluster, min and max, min not above max; with back, neither.' },
      })
  })
  .describe('Gives an Aurora Serverless v2 cluster more capacity for a while, or puts its range back.')
export type CapacityInput = z.output<typeof CapacityInput>

export const RdsSnapshotInput = z
  .strictObject({
    cluster: RdsName.optional().describe('Aurora cluster.'),
    instance: RdsName.optional().describe('Instance.'),
  })
  .superRefine(exactlyOne('This rds-snapshot', ['cluster', 'instance']))
  .describe(
    'Takes a manual snapshot of the whole database by RDS, and waits until it is there. Nothing here deletes it.',
  )
export type RdsSnapshotInput = z.output<typeof RdsSnapshotInput>
