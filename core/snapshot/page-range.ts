import { type Sql, sql } from '#core/sql/tag.ts'

/** Heap pages `from` (included) to `to` (excluded); `null`: from the first, to the end. */
export interface PageRange {
  readonly from: number | null
  readonly to: number | null
}

export const WHOLE_TABLE: PageRange = { from: null, to: null }

const tid = (page: number): Sql => sql.literal(`(${page},0)`)

/** A TID range scan (PostgreSQL 14 and later); literals, because COPY takes no parameters. The table's alias is `t`. */
export const whereInRange = ({ from, to }: PageRange): Sql => {
  const bounds = [
    ...(from === null ? [] : [sql`t.ctid >= ${tid(from)}::tid`]),
    ...(to === null ? [] : [sql`t.ctid < ${tid(to)}::tid`]),
  ]
  return bounds.length === 0 ? sql`` : sql`where ${sql.join(bounds, ' and ')}`
}

/**
 * Cuts a table into ranges of about `target` bytes. `heap` is the size of the pages, `total` includes what lies out of
 * line; the last range is open, and an empty table has one.
 */
export function cutIntoRanges(size: { heap: number; total: number; page: number }, target: number): PageRange[] {
  const pages = Math.ceil(size.heap / size.page)
  const each = Math.max(1, Math.floor((pages * target) / Math.max(size.total, 1)))
  const ranges: PageRange[] = []
  for (let from = 0; from + each < pages; from += each) ranges.push({ from, to: from + each })
  return [...ranges, { from: ranges.at(-1)?.to ?? 0, to: null }]
}
