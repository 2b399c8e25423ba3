import { z } from 'zod'

const Value = z.string().min(1)

/**
 * Parameters by name, as a fixture gives them: a text is a String, `{ secret: … }` a SecureString (made up: it is kept in the
 * clear), `null` a parameter that is not there.
 */
export const SsmState = z.record(
  z.string().startsWith('/'),
  z.union([
    Value.transform((value) => ({ type: 'String' as const, value })),
    z.strictObject({ secret: Value }).transform(({ secret: value }) => ({ type: 'SecureString' as const, value })),
    z.strictObject({ list: Value }).transform(({ list: value }) => ({ type: 'StringList' as const, value })),
    z.null(),
  ]),
)
export type SsmState = z.output<typeof SsmState>
