import { digestOf } from '#core/json.ts'
import { type IncidentId, type PlanName, printTable, type SnapshotId, type Table } from '#core/names.ts'
import { keySegment } from '#core/snapshot/keys.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'

/** What names one restore of one run. */
export interface RestoreName {
  readonly plan: PlanName
  readonly incident: IncidentId
  readonly snapshot: SnapshotId
  /** Of a verification, which swaps nothing in: beside a restore of the same snapshot, never in its way. */
  readonly place?: 'scratch'
}

/**
 * Where tables are built before they are swapped in: one schema per schema of theirs, since two of them may have tables or
 * indexes of one name, and one for our own notes on what is done.
 */
export interface SideSchema {
  readonly notes: string
  /** Real schema to side schema. */
  readonly schemas: ReadonlyMap<string, string>
}

/** Not of the run: one that takes over from a killed one goes on where that was, and leaves nothing of it behind. */
export const notesSchema = ({ plan, snapshot, place }: Omit<RestoreName, 'incident'>): string =>
  `vector_rollback_${place === 'scratch' ? 'verify' : 'restore'}_${digestOf([plan, snapshot]).slice(0, 12)}`

export function sideSchema(name: Omit<RestoreName, 'incident'>, manifest: Manifest): SideSchema {
  const notes = notesSchema(name)
  const names = [...new Set(manifest.tables.map(({ schema }) => schema))].sort()
  return { notes, schemas: new Map(names.map((name, i) => [name, `${notes}_${i + 1}`])) }
}

export const sideTable = (side: SideSchema, { schema, name }: Table): Table => {
  const of = side.schemas.get(schema)
  if (of === undefined) throw new TypeError(`"${printTable({ schema, name })}" is not part of this restore`)
  return { schema: of, name }
}

const prefix = ({ plan, incident }: RestoreName) => `restores/${keySegment(plan)}/${keySegment(incident)}/`
export const restorePartsKey = (name: RestoreName): string => `${prefix(name)}parts.json`
/** Written when the swap is done and checked, before the notes in the database go. */
export const restoredKey = (name: RestoreName): string => `${prefix(name)}restored.json`
