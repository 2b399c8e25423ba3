import { z } from 'zod'

const LambdaCause = z.object({ errorMessage: z.string() })

const shape = z.strictObject({ state: z.string(), error: z.string().nullable(), cause: z.string().nullable() })
export type Problem = z.infer<typeof shape>

/** The message inside a cause: what failed in a function arrives as JSON text of Lambda's. */
const text = ({ cause }: Problem): string => {
  if (cause === null || cause === '') return 'no cause was given'
  try {
    const parsed = LambdaCause.safeParse(JSON.parse(cause))
    return parsed.success ? parsed.data.errorMessage : cause
  } catch {
    return cause
  }
}

/** What a Catch of the state machine hands on: the state, the name of the error, and its cause. */
export const Problem = Object.assign(shape, { text })
