import { z } from 'zod'
import { Duration } from './duration.ts'
import { Name } from './vocabulary.ts'

/** What is to be done after an incident, by whom, and until when after its start. */
const FollowUp = z.strictObject({
  do: z.string().min(1).describe('What is to be done.'),
  role: Name.describe('Who sees to it: a role of contacts.'),
  within: Duration.optional().describe('How long after the start of the incident; no date when it is not given.'),
})

/** How incidents of a plan are reported. */
export const IncidentReport = z
  .strictObject({
    number: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/)
      .optional()
      .describe(
        'Begins the number that people call an incident by: DB-ROLLBACK gives DB-ROLLBACK-20261121-182334 (UTC).',
      ),
    'follow-ups': z
      .array(FollowUp)
      .min(1)
      .optional()
      .describe(
        'What is to be done after an incident. Left out: the analysis within 1h and its review within 24h by the first of contacts, and what was learnt.',
      ),
  })
  .transform(({ number, 'follow-ups': followUps }) => ({ number: number ?? null, followUps: followUps ?? null }))
  .describe('The report of an incident.')
export type IncidentReport = z.output<typeof IncidentReport>
