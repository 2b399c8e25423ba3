import { RollbackError } from '#core/errors.ts'
import { canonicalJson } from '#core/json.ts'
import { printTable, same } from '#core/names.ts'
import type { RetiredTable, Retirement } from '#core/retire/record.ts'
import { partKey, partsKey, snapshotOf } from '#core/snapshot/keys.ts'
import type { PartItem } from '#core/snapshot/part.ts'

/**
 * The list lies in the bucket, where somebody may have edited it. Before it is sealed: every page and every column of every
 * table is in it, once. Nothing that follows would notice a column that no part holds. Throws `Snapshot.PartsCorrupt`.
 */
export function requireWholeList(items: readonly PartItem[], { plan, id, tables }: Retirement): void {
  const snapshot = snapshotOf(id)
  const why =
    tables.map((table) => omission(items, table)).find((each) => each !== null) ??
    items
      .filter(
        ({ key, index, table }) =>
          key !== partKey(plan, snapshot, index) || !tables.some(({ retired }) => same(retired, table)),
      )
      .map(({ index }) => `part ${index} is none of this snapshot`)[0]
  if (why === undefined) return
  throw new RollbackError(
    'Snapshot.PartsCorrupt',
    `"${partsKey(plan, snapshot)}" is not the list that was written: ${why}.`,
    {
      fix: 'Somebody has changed it: restore its first version in the bucket, then run the snapshot again.',
      category: 'refused',
    },
  )
}

function omission(items: readonly PartItem[], { retired, definition }: RetiredTable): string | null {
  const own = items.filter(({ table }) => same(table, retired))
  // The rows of a partitioned table are those of its partitions.
  if (definition.partitioning && own.length === 0) return null
  const columns = canonicalJson(
    definition.columns.filter(({ generated }) => generated === null).map(({ name }) => name),
  )
  const name = printTable(definition.table)
  if (own.some((item) => canonicalJson(item.columns) !== columns)) return `it leaves out columns of "${name}"`
  const whole = own[0]?.from === 0 && own.every(({ to }, i) => to === (own[i + 1]?.from ?? null))
  if (!whole) return `it leaves out pages of "${name}"`
  return own.some(({ format }) => format !== own[0]?.format) ? `it mixes formats of "${name}"` : null
}
