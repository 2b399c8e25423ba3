import { z } from 'zod'
import { pattern } from '#core/plan/pattern.ts'

const Reasons = z.record(
  pattern(/^[A-Z]{3}-\d{2}$/, 'an id of a requirement', 'Use an id of the catalogue, such as PGV-17.'),
  z.string().min(1),
)

/** `plans/<plan>/coverage.yaml`: what the plan does not do by itself, by the ids of its runbook. */
export const Statement = z.strictObject({
  /** A person says that it is so: who, and where the plan asks. */
  attested: Reasons.default({}),
  /** Not done; what is done instead. */
  outside: Reasons.default({}),
})
export type Statement = z.infer<typeof Statement>

/** Ends the title of a test: `… (PGV-17, PGV-20)`, or `(DEF-11)`. */
const PROVED = /\(((?:[A-Z]{3}-\d{2})(?:, [A-Z]{3}-\d{2})*)\)['"`]/g

/** The ids that titles in the text of a test file end with. */
export const idsInTitles = (text: string): string[] => [
  ...new Set([...text.matchAll(PROVED)].flatMap(([, ids = '']) => ids.split(', '))),
]
