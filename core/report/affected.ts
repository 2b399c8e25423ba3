import { keys } from '#core/incident/keys.ts'
import { readJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects, Row } from '#core/ports.ts'

/** Names that stand in a report; the evidence has all of them. */
const NAMED = 100

/** Those who are concerned: how many, and the first of them by name. */
export interface Affected {
  readonly count: number
  readonly names: readonly string[]
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** A row in a few words: its first column, and the others behind it. */
const nameOf = (row: Row): string => {
  const [first, ...rest] = Object.values(row).map(textOf)
  return rest.length > 0 ? `${first} (${rest.join(', ')})` : (first ?? '')
}

/** Whom the evidence that the plan names in `impact.affected` lists; `null` where it was not kept, or is not asked for. */
export const readAffected = async (objects: Objects, id: IncidentId, plan: Plan): Promise<Affected | null> => {
  const { affected } = plan.impact
  if (affected === undefined) return null
  const found = await readJson(objects, `${keys.seen(id)}${affected}.json`).catch(() => null)
  const value = found?.value as { rows?: readonly Row[] } | undefined
  if (!Array.isArray(value?.rows)) return null
  return { count: value.rows.length, names: value.rows.slice(0, NAMED).map(nameOf) }
}

/** `4: canary (hivehub-sdk 1.0.0), tenant-2 (…)`. */
export const printAffected = ({ count, names }: Affected): string =>
  count === 0
    ? 'nobody'
    : `${count}: ${[...names, ...(count > names.length ? [`and ${count - names.length} more`] : [])].join(', ')}`
