import type { IncidentId } from '#core/names.ts'
import { type Asked, HUMAN_WITHIN_MS } from '#core/notice/choices.ts'

/** Something that an open incident waits for. Times in milliseconds since 1970. */
export interface Wait {
  /** The same at every look, and another one for another question. */
  readonly id: string
  readonly asked: Asked
  /** Since when nobody has answered. */
  readonly since: number
  /** When the state machine stops waiting; `null` when it does not wait. */
  readonly until: number | null
  /** Whom it waits for; empty where it is anybody. */
  readonly roles: readonly string[]
  /** In one line, for people. */
  readonly status: string
}

export interface OpenQuestion {
  readonly purpose: string
  readonly roles: readonly string[]
  readonly requestedAt: string
  readonly expiresAt: string
}

/** A decision that was asked of people: `incidents/<id>/human/<at>.json`. */
export interface HumanRecord {
  readonly at: string
  readonly error: string
}

/** What the records say of a run, as far as it matters for waiting. Times in ISO 8601. */
export interface Records {
  readonly incident: IncidentId
  readonly environment: string
  /** Questions that are neither answered nor closed. */
  readonly questions: readonly OpenQuestion[]
  readonly humans: readonly HumanRecord[]
  /** When steps of the run began. */
  readonly steps: readonly string[]
  /** When the path is to be finished by its budget; `null` when it has none. */
  readonly dueAt: string | null
}

const time = (iso: string): number => Date.parse(iso)

/**
 * What a run waits for at a moment, from its records alone. A question of *Needs a human* is over when a step began after it, or
 * another question was asked; one of an approval when it was answered, when its time is over, or when it failed and a person was
 * called. What waits for nobody and is over its budget waits for somebody to look.
 */
export const waitsOf = ({ incident, environment, questions, humans, steps, dueAt }: Records, now: number): Wait[] => {
  const human = humans.toSorted((a, b) => time(a.at) - time(b.at)).at(-1)
  const called = human ? time(human.at) : Number.NEGATIVE_INFINITY
  const open = questions.filter((one) => time(one.requestedAt) > called && time(one.expiresAt) > now)
  const later = [...steps, ...questions.map(({ requestedAt }) => requestedAt)].some((at) => time(at) > called)
  const approvals = open.map(
    ({ purpose, roles, requestedAt, expiresAt }): Wait => ({
      id: `approval ${purpose} ${requestedAt}`,
      asked: { kind: 'approval', incident, environment, roles },
      since: time(requestedAt),
      until: time(expiresAt),
      roles,
      status: `waits for ${roles.join(', ')} to answer about the ${purpose}, until ${expiresAt}`,
    }),
  )
  const until = called + HUMAN_WITHIN_MS
  if (human && !later && now < until)
    return [
      ...approvals,
      {
        id: `human ${human.at}`,
        asked: { kind: 'human', incident, environment },
        since: called,
        until,
        roles: [],
        status: `waits for a person since ${human.at}: ${human.error}`,
      },
    ]
  if (approvals.length > 0 || dueAt === null || now < time(dueAt)) return approvals
  return [
    {
      id: `overdue ${dueAt}`,
      asked: { kind: 'running', incident, environment },
      since: time(dueAt),
      until: null,
      roles: [],
      status: `was to be finished by ${dueAt}, and still runs`,
    },
  ]
}
