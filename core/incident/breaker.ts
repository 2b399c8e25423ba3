import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { swapJson } from '#core/incident/swap.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId, Path, PlanName } from '#core/names.ts'
import type { Clock, Objects } from '#core/ports.ts'

const DAY = 86_400_000

/**
 * `breaker/<plan>.json`: open after more runs in a day than the plan allows, until a person closes it. Changed by
 * compare-and-swap only.
 */
export const Breaker = z.strictObject({
  plan: z.string(),
  state: z.enum(['open', 'closed']),
  openedAt: z.string(),
  /** The execution that was one too many. */
  openedBy: z.string(),
  /** The runs before it, in the day before it. */
  runs: z.array(z.string()),
  limit: z.int(),
  closed: z.strictObject({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
})
export type Breaker = z.infer<typeof Breaker>

interface BreakerPorts {
  readonly objects: Objects
  readonly clock: Clock
}

const parse = (value: unknown): Breaker => Breaker.parse(value)

/** `null`: it has never been open. */
export const readBreaker = async (objects: Objects, plan: PlanName): Promise<Breaker | null> => {
  const found = await readJson(objects, keys.breaker(plan))
  return found && parse(found.value)
}

/** Resolves to the breaker as it stands open; `openedBy` tells whose doing that was. */
export const openBreaker = async (
  plan: PlanName,
  opening: Pick<Breaker, 'openedBy' | 'runs' | 'limit'>,
  ports: BreakerPorts,
): Promise<Breaker | null> => {
  const openedAt = ports.clock.now().toISOString()
  return swapJson(
    keys.breaker(plan),
    parse,
    (breaker) => (breaker?.state === 'open' ? breaker : { plan, state: 'open', openedAt, ...opening, closed: null }),
    ports,
  )
}

/** Throws `Breaker.NotOpen`, `Breaker.NoName`. */
export const closeBreaker = async (
  plan: PlanName,
  { by, reason }: { by: string; reason: string },
  ports: BreakerPorts,
): Promise<Breaker> => {
  if (by.trim() === '' || reason.trim() === '')
    throw new RollbackError('Breaker.NoName', `The breaker of plan "${plan}" is closed by a person, for a reason.`, {
      fix: 'Say who closes it and why: what made it go off that often is known, or somebody watches it.',
      category: 'usage',
    })
  const at = ports.clock.now().toISOString()
  const found = await swapJson(
    keys.breaker(plan),
    parse,
    (breaker): Breaker | null =>
      breaker?.state === 'open' ? { ...breaker, state: 'closed', closed: { at, by, reason } } : breaker,
    ports,
  )
  if (found?.state === 'closed' && found.closed?.at === at && found.closed.by === by) return found
  throw new RollbackError('Breaker.NotOpen', `The breaker of plan "${plan}" is not open.`, {
    fix: found?.closed ? `"${found.closed.by}" closed it at ${found.closed.at}.` : 'It has never been open.',
    category: 'refused',
  })
}

/** What a run changes beyond the flags counts; containment is never counted, and never held back. */
export const isCounted = (path: Path): boolean => path !== 'flag'

/**
 * Notes a run that an alarm has started, for the count: `runs/<plan>/<time>-<incident>.json`, so that the last day is a
 * listing of two days. Safe to repeat with the same time.
 */
export const recordRun = async (
  objects: Objects,
  { plan, incident, path }: { plan: PlanName; incident: IncidentId; path: Path },
  at: string,
): Promise<void> => {
  const time = new Date(at).toISOString()
  await writeJson(objects, `${keys.runs(plan)}${time}-${incident}.json`, { at: time, plan, incident, path })
}

const RUN = /(\d{4}-\d{2}-\d{2}T[\d:.]+Z)-(.+)\.json$/

/** The incidents that were counted in the last 24 hours and since the breaker was closed, each once, oldest first. */
export const countedRuns = async (plan: PlanName, { objects, clock }: BreakerPorts): Promise<string[]> => {
  const closed = (await readBreaker(objects, plan))?.closed
  const now = clock.now().getTime()
  const since = Math.max(now - DAY, closed ? Date.parse(closed.at) : 0)
  const days = [...new Set([now - DAY, now].map((time) => new Date(time).toISOString().slice(0, 10)))]
  const found = new Set<string>()
  for (const day of days)
    for await (const { key } of objects.list(`${keys.runs(plan)}${day}`)) {
      const [, at, incident] = RUN.exec(key) ?? []
      if (at && incident && Date.parse(at) > since) found.add(incident)
    }
  return [...found]
}
