import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import { canonicalJson, digestOf, readAllJson, writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'

/**
 * Relief is what a run changes for a while: limits that are lower, capacity that is higher. It outlives its run and is put
 * back by a later one, so it is kept by plan: `relief/<plan>/<kind>/<thing>/<number>.json`, written before the change, and
 * `<number>.back.json` when it was put back. Both are written once.
 */
const Relief = z.strictObject({
  kind: z.string(),
  thing: z.string(),
  incident: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** What was there before; `null` when there was nothing. */
  before: z.json(),
  set: z.json(),
})
export type Relief = z.infer<typeof Relief>

/** What is relieved, and how: a parameter by a throttle, a cluster by capacity. */
export interface Relieved {
  readonly plan: string
  readonly kind: string
  readonly thing: string
}

const folderOf = ({ plan, kind, thing }: Relieved): string => `relief/${plan}/${kind}/${digestOf(thing).slice(0, 20)}/`

/** Those below a prefix that nobody has put back yet, oldest first, and how many there ever were. */
const readReliefs = async (objects: Objects, prefix: string) => {
  const all = await readAllJson(objects, prefix)
  const back = new Set(
    all.flatMap(({ key }) => (key.endsWith('.back.json') ? [key.replace('.back.json', '.json')] : [])),
  )
  const reliefs = all.filter(({ key }) => !key.endsWith('.back.json'))
  return {
    count: reliefs.length,
    open: reliefs.flatMap(({ key, value }) => (back.has(key) ? [] : [{ key, relief: Relief.parse(value) }])),
  }
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b)

/** Keeps what is there before a relief changes it; killed before it did and run again, once. */
export const keepRelief = async (
  run: Run,
  of: Omit<Relieved, 'plan'>,
  { before, set, at }: Pick<Relief, 'before' | 'set' | 'at'>,
  objects: Objects,
): Promise<void> => {
  const relieved = { plan: run.plan, ...of }
  const { count, open } = await readReliefs(objects, folderOf(relieved))
  const last = open.at(-1)?.relief
  if (last && last.incident === run.incident && same([last.before, last.set], [before, set])) return
  const key = `${folderOf(relieved)}${String(count + 1).padStart(6, '0')}.json`
  const relief: Relief = { ...of, incident: run.incident, at, before, set }
  if (!(await writeJson(objects, key, relief, { ifAbsent: true })))
    await keepRelief(run, of, { before, set, at }, objects)
}

/** What to do to put something back: nothing was relieved, it is back already, somebody has changed it since, or to what. */
export type PutBack =
  | { readonly kind: 'none' }
  | { readonly kind: 'back' | 'changed-since'; readonly open: readonly string[] }
  | { readonly kind: 'to'; readonly value: Relief['before']; readonly open: readonly string[] }

/** Looks through the reliefs that are open, newest first: each must be what stands there, else somebody decided otherwise. */
export const putBackTo = async (of: Relieved, current: Relief['before'], objects: Objects): Promise<PutBack> => {
  const { open } = await readReliefs(objects, folderOf(of))
  const keys = open.map(({ key }) => key)
  if (open.length === 0) return { kind: 'none' }
  let value = current
  let ours = false
  for (const { relief } of open.toReversed()) {
    if (!same(value, relief.set)) continue
    value = relief.before
    ours = true
  }
  if (ours) return { kind: 'to', value, open: keys }
  // Who put it back was killed before he could say so.
  const isBack = open.some(({ relief }) => same(current, relief.before))
  return { kind: isBack ? 'back' : 'changed-since', open: keys }
}

/** Says of reliefs that they are over: once what they changed is seen to be back, else a retry would find none of them. */
export const endReliefs = async (run: Run, open: readonly string[], at: string, objects: Objects): Promise<void> => {
  for (const key of open)
    await writeJson(objects, key.replace(/\.json$/, '.back.json'), { incident: run.incident, at }, { ifAbsent: true })
}

/** Everything of a plan that is relieved still, by whichever incident. */
export const openReliefs = async (objects: Objects, plan: string): Promise<Relief[]> =>
  (await readReliefs(objects, `relief/${plan}/`)).open.map(({ relief }) => relief)
