import { sha256Head } from './sha256.ts'

/** Hundredths of a percent. */
export const BUCKETS = 10_000

const utf8 = new TextEncoder()

/**
 * The bucket of a subject, 0 to 9,999: the first four bytes (big-endian) of SHA-256 of the UTF-8 text `salt:subject`, modulo
 * 10,000. The same everywhere and for ever; another salt deals anew. docs/evaluator.md has test vectors.
 */
export const bucketOf = (subject: string, salt: string): number =>
  sha256Head(utf8.encode(`${salt}:${subject}`)) % BUCKETS

/** At most two decimals, no sign, no blanks, no leading zeros: what the rollback itself writes. */
const PERCENT = /^(?:100(?:\.0{1,2})?|(?:0|[1-9]\d?)(?:\.\d{1,2})?)$/

/** How many of the buckets a percentage is; `null` for anything but the text of a number from 0 to 100. */
export const bucketsOf = (percent: unknown): number | null =>
  typeof percent === 'string' && PERCENT.test(percent) ? Math.round(Number(percent) * (BUCKETS / 100)) : null
