import type { Brand } from '#core/names.ts'
import { pattern } from './pattern.ts'

/** A length of time in milliseconds. */
export type Milliseconds = Brand<number, 'Milliseconds'>

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const FORM = /^(0|[1-9]\d{0,8})(ms|s|m|h|d)$/

const isUnit = (unit: string | undefined): unit is keyof typeof UNITS =>
  unit !== undefined && Object.hasOwn(UNITS, unit)

/** `30s` → 30,000. `null` for anything but a whole number directly followed by `ms`, `s`, `m`, `h` or `d`. */
export const parseDuration = (text: string): Milliseconds | null => {
  const [, amount, unit] = FORM.exec(text) ?? []
  return isUnit(unit) ? ((Number(amount) * UNITS[unit]) as Milliseconds) : null
}

/** The shortest text that `parseDuration` reads back as the same length: 120,000 → `2m`. */
export const printDuration = (milliseconds: Milliseconds): string => {
  if (milliseconds === 0) return '0s'
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (milliseconds % UNITS[unit] === 0) return `${milliseconds / UNITS[unit]}${unit}`
  }
  return `${milliseconds}ms`
}

export const Duration = pattern(
  FORM,
  'a duration',
  'Write a whole number and a unit: 100ms, 30s, 2m, 1h or 7d.',
).transform((text) => parseDuration(text) ?? (0 as Milliseconds))
