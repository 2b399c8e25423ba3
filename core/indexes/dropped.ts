import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import type { FoundIndex } from '#core/indexes/drop.ts'
import { digestOf, readAllJson, writeJson } from '#core/json.ts'
import { type PlanName, printTable, type Table } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { IndexToBuild, indexesToBuild } from '#core/restore/index-to-build.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { TableName } from '#core/snapshot/part.ts'
import { sql } from '#core/sql/tag.ts'

/** `indexes/<plan>/<digest>.json`: how to build an index again that a rollback dropped. The newest drop of a name counts. */
const DroppedIndex = z.strictObject({
  incident: z.string(),
  table: TableName,
  index: IndexToBuild,
  /** Built again and in its place: what happens to it afterwards is no concern of a restore. */
  rebuilt: z.boolean(),
})

/** Written before the drop. An index that is dropped again is recorded as it was the last time it was seen whole. */
export const recordDroppedIndex = async (objects: Objects, run: Run, found: FoundIndex): Promise<void> => {
  const { definition, table, columnTypes, rows } = found
  const columns = columnTypes.map((type) => ({ type }))
  // An invalid one is recorded as well: it is dropped because its build failed, and is wanted whole again.
  const [index] = indexesToBuild({ columns, indexes: [{ ...definition, valid: true }] }, table, {
    mode: 'concurrently',
    rows,
  })
  if (!index) throw new TypeError('one index in, one index out')
  const key = `${keys.droppedIndexes(run.plan)}${digestOf([table, definition.name]).slice(0, 16)}.json`
  await writeJson(objects, key, { incident: run.incident, table, index, rebuilt: false })
}

const readDropped = async (objects: Objects, plan: PlanName) =>
  (await readAllJson(objects, keys.droppedIndexes(plan)))
    .map(({ key, value }) => ({ key, record: DroppedIndex.parse(value) }))
    .filter(({ record }) => !record.rebuilt)

/**
 * The dropped indexes whose table can be built on: concurrently where it is in service, plainly where it still is a side
 * table of the restore. Those of a table that is not there wait for it.
 */
export const droppedIndexesToBuild = async (
  session: Session,
  objects: Objects,
  plan: PlanName,
  restore: RestoreInput | null,
): Promise<IndexToBuild[]> => {
  const dropped = await readDropped(objects, plan)
  if (dropped.length === 0) return []
  const manifest = restore && (await readManifest(objects, restore))
  const side = restore && manifest ? sideSchema(restore, manifest) : null
  const tables = manifest ? manifest.tables.map(({ definition }) => definition.table) : []
  const isRestored = ({ schema, name }: Table) => tables.some((table) => table.schema === schema && table.name === name)
  const there = new Set(
    (
      await existing(
        session,
        dropped.map(({ record }) => record.table),
      )
    ).map(printTable),
  )
  return dropped.flatMap(({ record: { table, index } }): IndexToBuild[] => {
    if (side && isRestored(table)) return [{ ...index, table: sideTable(side, table), mode: 'plain' }]
    return there.has(printTable(table)) ? [index] : []
  })
}

const inPlace = (index: Table) => sql`
  select 1 from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_index x on x.indexrelid = c.oid
   where n.nspname = ${index.schema} and c.relname = ${index.name} and x.indisvalid`

/** Closes the records of the indexes that are whole and in their places. */
export const closeRebuilt = async (session: Session, objects: Objects, plan: PlanName): Promise<void> => {
  for (const { key, record } of await readDropped(objects, plan)) {
    const name = { schema: record.table.schema, name: record.index.name }
    if ((await session.query(inPlace(name))).rowCount === 0) continue
    await writeJson(objects, key, { ...record, rebuilt: true })
  }
}
