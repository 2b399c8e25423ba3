import type { Told } from '#core/incident/tell.ts'
import { alternativesText, usualChoices } from '#core/notice/choices.ts'
import type { Wait } from '#core/notice/waits.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Values } from '#core/plan/placeholders.ts'

/** Parts of the time given after which people are reminded. */
const REMINDERS = [
  { name: 'the last tenth', part: 0.9 },
  { name: 'half', part: 0.5 },
] as const

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString()

const askedOf = (wait: Wait): Values => ({
  status: wait.status,
  ...(wait.roles.length > 0 ? { roles: wait.roles.join(', ') } : {}),
  ...(wait.until === null ? {} : { deadline: iso(wait.until) }),
  next: 'Answer. Until then containment holds; silence approves nothing.',
  ...usualChoices(wait.asked),
})

/** The rungs that are reached, each for those whom it calls, with the choices that it has prepared. */
const rungs = ({ escalation }: Pick<Plan, 'escalation'>, wait: Wait, now: number, known: Values): Told[] =>
  escalation
    .filter(({ after }) => wait.since + after <= now)
    .map(({ after, tell, alternatives }): Told => {
      const prepared = alternativesText(alternatives, wait.asked)
      return {
        event: 'escalated',
        values: {
          ...known,
          ...askedOf(wait),
          roles: tell.join(', '),
          ...(prepared === '' ? {} : { alternatives: prepared }),
        },
        once: `${wait.id} ${after}`,
        roles: tell,
      }
    })

/** Of the reminders whose time has come the last one: who slept through the first does not get two at once. */
const reminder = (wait: Wait, now: number, known: Values): Told[] => {
  if (wait.until === null) return []
  const given = wait.until - wait.since
  const due = REMINDERS.find(({ part }) => now >= wait.since + given * part)
  return due
    ? [
        {
          event: 'reminder',
          values: { ...known, ...askedOf(wait) },
          once: `${wait.id} ${due.name}`,
          roles: wait.roles,
        },
      ]
    : []
}

/** The latest of the regular updates; those that were missed are not made up for. */
const update = (
  { updates }: Pick<Plan, 'updates'>,
  waits: readonly Wait[],
  begin: number,
  now: number,
  known: Values,
) => {
  if (!updates || now < begin + updates) return []
  const once = `number ${Math.floor((now - begin) / updates)}`
  const status = waits.map((wait) => wait.status).join('; ') || known.status || 'goes on'
  return (['update', 'users'] as const).map((event): Told => ({ event, values: { ...known, status }, once }))
}

/**
 * What people are to be told of an open incident by now. The same at each look until the next moment has come: whether it was
 * sent is for the record to say. Never an answer: who is silent is called, and called again.
 */
export const dueMessages = (
  plan: Pick<Plan, 'escalation' | 'updates'>,
  incident: { readonly waits: readonly Wait[]; readonly begin: number; readonly known: Values },
  now: number,
): Told[] => [
  ...incident.waits.flatMap((wait) => [
    ...rungs(plan, wait, now, incident.known),
    ...reminder(wait, now, incident.known),
  ]),
  ...update(plan, incident.waits, incident.begin, now, incident.known),
]
