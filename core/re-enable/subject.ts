import { z } from 'zod'
import type { Question } from '#core/approval/approval.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'

/** What people say yes to when the feature is to come back: made by the gate, carried by the state machine. */
export const ReEnableSubject = z.strictObject({
  /** ISO 8601. A question that is asked again is another one: what was attested before a revert counts no more. */
  askedAt: z.string(),
  /** The texts of the plan that they attest. */
  gates: z.array(z.string()),
  /** What is not as it should be, in sentences: whoever approves, approves in spite of it. */
  unmet: z.array(z.string()),
  /** Percentages, in order. */
  steps: z.array(z.number()),
})
export type ReEnableSubject = z.infer<typeof ReEnableSubject>

export const reEnableQuestion = (plan: Plan, subject: ReEnableSubject): Question => ({
  purpose: 're-enable',
  subject,
  approve: pathOf(plan, 'restore').reEnable.approve,
})

/** In one line, for the person who is asked. */
export const printReEnable = ({ gates, unmet, steps }: ReEnableSubject): string =>
  [
    ...(gates.length > 0 ? [`You attest: ${gates.join(' ')}`] : []),
    ...(unmet.length > 0 ? [`In spite of: ${unmet.join(' ')}`] : []),
    steps.length > 1
      ? `For ${steps.join(', ')} percent of the subjects, one after the other.`
      : 'For all subjects at once.',
  ].join(' ')
