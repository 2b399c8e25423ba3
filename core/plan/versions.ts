const COMPARATOR = /^(>=|<=|>|<|=)?(\d+(?:\.\d+){0,2})$/

/** The form of a range: comparators joined by spaces, all of which must hold. */
export const VERSION_RANGE = /^(>=|<=|>|<|=)?\d+(\.\d+){0,2}( (>=|<=|>|<|=)?\d+(\.\d+){0,2})*$/

const compare = (left: string, right: string): number => {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const HOLDS: Readonly<Record<string, (difference: number) => boolean>> = {
  '>=': (d) => d >= 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '<': (d) => d < 0,
  '=': (d) => d === 0,
}

/** Whether a version as `pg_extension.extversion` has it is in the range: `0.8.0` in `>=0.5.0 <1`. */
export const inVersionRange = (version: string, range: string): boolean =>
  /^\d+(\.\d+){0,2}$/.test(version) &&
  range.split(' ').every((comparator) => {
    const [, operator = '=', bound] = COMPARATOR.exec(comparator) ?? []
    return bound !== undefined && (HOLDS[operator]?.(compare(version, bound)) ?? false)
  })
