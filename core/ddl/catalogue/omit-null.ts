/**
 * Without an optional property that the query answered with NULL. What most tables do not have is not written down for them,
 * so that records and manifests of before it was known stay comparable.
 */
export function omitNull<T extends object, K extends keyof T>(row: T, key: K): T {
  if (row[key] !== null) return row
  const { [key]: _, ...rest } = row
  return rest as T
}
