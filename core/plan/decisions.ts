import { z } from 'zod'
import { Duration } from './duration.ts'
import { Name, PeopleRoles, SeverityName } from './vocabulary.ts'

/** The paths that a decision may choose; `monitor` only notifies. Nothing decides for a purge by itself. */
export const DECIDED = ['flag', 'partial', 'full', 'restore', 'monitor'] as const

export const Decision = z
  .strictObject({
    when: Name.describe('Name of a signal.'),
    severity: SeverityName.optional().describe('Only while the signal has this severity; any when it is not given.'),
    path: z.enum(DECIDED).describe('What to do. monitor notifies and changes nothing.'),
    contain: z
      .enum(['immediately', 'no'])
      .describe('immediately: set every flag to its safe value before anything else, without approval.'),
    within: Duration.describe(
      'The time from the signal to the decision carried out or, with monitor, to the next look.',
    ),
    approve: PeopleRoles.default([]).describe(
      'Who must approve before the path goes on after containment; empty when no one must. A purge has its own.',
    ),
  })
  .superRefine(({ path, contain, approve }, context) => {
    if (path !== 'monitor' || (contain === 'no' && approve.length === 0)) return
    context.addIssue({
      code: 'custom',
      message: 'A row that only monitors neither contains nor needs approval.',
      params: { fix: 'Set contain: no and remove approve, or choose another path.' },
    })
  })
export type Decision = z.output<typeof Decision>
