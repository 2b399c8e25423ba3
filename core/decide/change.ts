import { z } from 'zod'
import { daysBetween, decideKeys } from '#core/decide/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import { CHANGE_EVENT } from '#core/plan/change-event.ts'
import { Name } from '#core/plan/vocabulary.ts'
import type { Objects } from '#core/ports.ts'

export const CHANGE_KINDS = ['deployment', 'flag', 'migration'] as const

/** Whose change it is when it concerns every plan. */
export const EVERY_PLAN = 'all'

/** `changes/<plan|all>/<ISO time>.json`: something was deployed, switched or migrated. */
export const Change = z.strictObject({
  /** A plan, or `all`. */
  plan: Name,
  kind: z.enum(CHANGE_KINDS),
  /** What people look it up by: a version, a commit, the name of a migration. */
  reference: z.string().min(1).max(500),
  /** ISO 8601. */
  at: z.string(),
})
export type Change = z.infer<typeof Change>

const ChangeEvent = z.object({
  'detail-type': z.literal(CHANGE_EVENT),
  time: z.iso.datetime({ offset: true }),
  detail: z.strictObject({ ...Change.omit({ at: true }).shape, environment: z.string() }),
})

/** Reads CI's event, with the environment that it is about; `null` for anything else. */
export const readChange = (event: unknown): { change: Change; environment: string } | null => {
  const read = ChangeEvent.safeParse(event)
  if (!read.success) return null
  const { environment, ...change } = read.data.detail
  return { change: { ...change, at: new Date(read.data.time).toISOString() }, environment }
}

/** Keeps a change. One of the same instant that is there already stays: either explains a signal. Resolves to the key. */
export const recordChange = async (objects: Objects, change: Change): Promise<string> => {
  const key = decideKeys.change(change.plan, change.at)
  await writeJson(objects, key, change, { ifAbsent: true })
  return key
}

/** The time in a key, which people write by hand, too: with or without milliseconds. */
const timeOf = (key: string): number => Date.parse(key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, ''))

/** A marker that cannot be read is still one: somebody changed something. */
const readMarker = async (objects: Objects, key: string, time: number): Promise<Change> => {
  const at = new Date(time).toISOString()
  const unread: Change = { plan: key.split('/')[1] ?? EVERY_PLAN, kind: 'deployment', reference: `see ${key}`, at }
  const found = await readJson(objects, key).catch((error: unknown) => {
    if (error instanceof SyntaxError) return null
    throw error
  })
  const read = Change.safeParse(found?.value)
  return read.success ? { ...read.data, at } : unread
}

/**
 * The newest change of a plan, or of all, in the window before an alarm; `null` when there is none. `at` is ISO 8601, the
 * window in milliseconds. Throws `Bucket.*`.
 */
export const newestChange = async (
  objects: Objects,
  plan: string,
  { at, window }: { at: string; window: number },
): Promise<Change | null> => {
  const to = new Date(at)
  const from = new Date(to.getTime() - window)
  const found: { key: string; time: number }[] = []
  for (const whose of [plan, EVERY_PLAN])
    for (const day of daysBetween(from, to))
      for await (const { key } of objects.list(decideKeys.changes(whose, day))) {
        const time = timeOf(key)
        if (time >= from.getTime() && time <= to.getTime()) found.push({ key, time })
      }
  const newest = found.sort((a, b) => b.time - a.time)[0]
  return newest ? readMarker(objects, newest.key, newest.time) : null
}
