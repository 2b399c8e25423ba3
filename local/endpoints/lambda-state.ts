import { z } from 'zod'

const Version = z.strictObject({
  /** Stands for the code: the same text is the same code. */
  code: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
})

/** Functions by name, as a fixture gives them. `$LATEST` is what the highest version was published of. */
export const LambdaState = z.record(
  z.string(),
  z.strictObject({
    versions: z.record(z.string().regex(/^\d+$/), Version),
    aliases: z.record(z.string(), z.string().regex(/^\d+$/)),
  }),
)
export type LambdaState = z.output<typeof LambdaState>
