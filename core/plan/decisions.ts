import { z } from 'zod'
import { AutonomyName } from './autonomy.ts'
import { Duration } from './duration.ts'
import { HoursText } from './hours.ts'
import { Name, PeopleRoles, SeverityName } from './vocabulary.ts'

/** The paths that a decision may choose; `monitor` only notifies. Nothing decides for a purge by itself. */
export const DECIDED = ['flag', 'partial', 'full', 'restore', 'monitor'] as const

/** Whether something was deployed, switched or migrated shortly before the signal. */
export const CHANGES = ['recent', 'none'] as const

const oneOrMore = (names: string | readonly string[]): readonly string[] =>
  typeof names === 'string' ? [names] : names

export const Decision = z
  .strictObject({
    when: z
      .union([Name, z.array(Name).min(1)])
      .transform(oneOrMore)
      .describe('Name of a signal, or a list of them.'),
    severity: SeverityName.optional().describe('Only while the signal has this severity; any when it is not given.'),
    change: z
      .enum(CHANGES)
      .optional()
      .describe("Only with (recent) or without (none) a change in the plan's window (change.window)."),
    also: z
      .array(Name)
      .min(1)
      .max(4)
      .optional()
      .describe('Only while all of these other signals of the plan are in ALARM, too.'),
    during: z.array(HoursText).min(1).optional().describe('Only in these parts of the day, in UTC: ["22:00-06:00"].'),
    scenario: Name.optional().describe(
      'Of the path partial: the scenario that is taken; its own steps when it is not given.',
    ),
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
    autonomy: AutonomyName.optional().describe(
      'The most that this row may do by itself, whatever the environment allows: observe, propose, contain or act.',
    ),
  })
  .superRefine(({ path, scenario }, context) => {
    if (scenario === undefined || path === 'partial') return
    context.addIssue({
      code: 'custom',
      path: ['scenario'],
      message: `The path "${path}" has no scenarios.`,
      params: { fix: 'Set path: partial, or leave the scenario out.' },
    })
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
