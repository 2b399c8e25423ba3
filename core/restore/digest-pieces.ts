import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { doneOf, markDone, pieceName } from '#core/restore/notes.ts'
import { cutIntoRanges, type PageRange } from '#core/snapshot/page-range.ts'
import { addDigests, NO_ROWS, type RowDigest, rowDigest } from '#core/snapshot/row-digest.ts'
import { sizeOnDisk } from '#core/snapshot/size-on-disk.ts'
import { sql } from '#core/sql/tag.ts'

/** Bytes of heap and TOAST that one statement digests: two to three minutes, where a function has fifteen. */
export const PIECE_BYTES = 64 * 1024 ** 3

/** A range of pages that was digested: all that a later function needs of it. */
interface Piece extends RowDigest {
  readonly from: number
  readonly to: number
}

/** The name of its note has everything: a piece that was committed is never digested again. */
const nameOf = (table: Table, { from, to, rows, digest }: Piece): string =>
  `${pieceName(table)} ${from} ${to} ${rows} ${digest}`

const piecesOf = async (session: Session, notes: string, table: Table): Promise<Piece[]> => {
  const prefix = `${pieceName(table)} `
  return [...(await doneOf(session, notes, 'digested'))].flatMap((name): Piece[] => {
    if (!name.startsWith(prefix)) return []
    const [from, to, rows, digest = ''] = name.slice(prefix.length).split(' ')
    return [{ from: Number(from), to: Number(to), rows: Number(rows), digest }]
  })
}

/**
 * Digests one more piece of a side table and notes it; in a transaction. Nobody writes to the table, so that its pieces add up to the
 * whole, whoever digested them and when. `digest` is that of the whole table when this was its last piece, `null` before.
 */
export const digestPiece = async (
  session: Session,
  { notes, table, side, bytes }: { notes: string; table: Table; side: Table; bytes: number },
): Promise<RowDigest | null> => {
  const known = await piecesOf(session, notes, table)
  const follows = (at: number): Piece | undefined => known.find(({ from }) => from === at)
  let [at, sum]: [number, RowDigest] = [0, NO_ROWS]
  for (let piece = follows(at); piece; piece = follows(at)) [at, sum] = [piece.to, addDigests(sum, piece)]
  const range = await nextRange(session, side, at, bytes)
  const found = await rowDigest(session, side, range)
  if (range.to === null) return addDigests(sum, found)
  await markDone(session, notes, { kind: 'digested', name: nameOf(table, { from: at, to: range.to, ...found }) })
  return null
}

/** All that was digested of a table. */
export const forgetPieces = async (
  session: Session,
  { notes, table }: { notes: string; table: Table },
): Promise<void> => {
  await session.query(
    sql`delete from ${sql.id(notes, 'done')} where kind = 'digested' and pg_catalog.starts_with(name, ${`${pieceName(table)} `})`,
  )
}

/** From a page on, as many as hold so many bytes. A table that one piece holds is read whole: by several processes where there are. */
const nextRange = async (session: Session, side: Table, at: number, bytes: number): Promise<PageRange> => {
  const size = await sizeOnDisk(session, side)
  const [first] = size ? cutIntoRanges(size, bytes) : []
  const to = first?.to ? at + first.to : null
  const pages = size ? Math.ceil(size.heap / size.page) : 0
  return { from: at === 0 ? null : at, to: to !== null && to < pages ? to : null }
}
