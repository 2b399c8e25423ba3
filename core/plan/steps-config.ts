import { z } from 'zod'
import { ParameterFolder, ParameterName } from './parameter-name.ts'
import { exactlyOne } from './pattern.ts'
import { EksConfigMap } from './workloads.ts'

const Names = z.array(ParameterName).min(1)

export const RestoreConfigInput = z
  .strictObject({
    path: ParameterFolder.optional().describe('A folder of SSM parameters: all that are below it. It ends with "/".'),
    parameters: Names.optional().describe('Single SSM parameters.'),
    configmap: EksConfigMap.optional(),
  })
  .superRefine(exactlyOne('This restore-config', ['path', 'parameters', 'configmap']))
  .describe(
    'Puts configuration back to the newest record of the good state ("vector-rollback record"). Deletes nothing; leaves the flags of the plans alone.',
  )
export type RestoreConfigInput = z.output<typeof RestoreConfigInput>

export const ThrottleInput = z
  .strictObject({
    set: z
      .record(ParameterName, z.string().min(1).max(4096))
      .refine((set) => Object.keys(set).length > 0, 'There is nothing to set.')
      .optional()
      .describe('Values for SSM parameters of type String, for as long as it takes; the earlier ones are kept.'),
    back: Names.optional().describe('Parameters that a throttle has set: what was there before is put back.'),
  })
  .superRefine(exactlyOne('This throttle', ['set', 'back']))
  .describe("Takes load off by configuration, and puts back what was there when it is over: the plan's own limits.")
export type ThrottleInput = z.output<typeof ThrottleInput>
