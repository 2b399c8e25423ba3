/** What passes between states: JSON and nothing else. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** Step Functions' quota for one input, output, result or set of arguments, in bytes of UTF-8. */
export const MAX_PAYLOAD_BYTES = 256 * 1024

/** The value as it comes back from its own JSON text; `undefined` becomes null. Throws on cycles and bigints. */
export const roundTrip = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null) ?? 'null') as Json

export const byteLength = (value: Json): number => Buffer.byteLength(JSON.stringify(value))

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

export function typeName(value: Json): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value as 'boolean' | 'number' | 'string' | 'object'
}
