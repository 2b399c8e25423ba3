/**
 * A parameter as the text that the server parses by the type of its place in the statement; `null` is SQL's null.
 * Arrays become array literals (for `= any($1)`), so a JSON array has to be given as text; other objects become JSON,
 * dates ISO 8601, bytes hexadecimal.
 */
export const parameter = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}`
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

const element = (value: unknown): string => {
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}`
  const text = parameter(value)
  return text === null ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
