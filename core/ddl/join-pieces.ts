import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { lendPrivilege } from '#core/ddl/lend-privilege.ts'
import { addValidForeignKey, piecesOf } from '#core/ddl/render/foreign-keys.ts'
import type { Clock, Session } from '#core/ports.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

interface Pieces {
  /** The key itself is there. */
  readonly whole: boolean
  /** At least one of its pieces is there. */
  readonly begun: boolean
  /** Partitions with rows that have no such key, or none that was validated: PostgreSQL would look at their rows. */
  readonly without: readonly string[]
}

/** How far the foreign key of a partitioned table is; `null` when it does not come in pieces, or the table is gone. */
async function readPieces(session: Session, key: ForeignKeyDefinition): Promise<Pieces | null> {
  const pieces = piecesOf(key)
  if (pieces.length === 0) return null
  const { rows } = await session.query<{ whole: boolean; begun: boolean; without: string[] }>(sql`
    with root as (
      select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = ${key.from.schema} and c.relname = ${key.from.name})
    select exists (select from pg_constraint con
                    where con.contype = 'f' and con.conrelid = root.oid and con.conname = ${key.name}) as whole,
           exists (select from unnest(${pieces.map(({ from }) => from.schema)}::text[], ${pieces.map(({ from }) => from.name)}::text[],
                     ${pieces.map(({ name }) => name)}::text[]) piece(schema, name, key)
                     join pg_namespace n on n.nspname = piece.schema
                     join pg_class c on c.relnamespace = n.oid and c.relname = piece.name
                     join pg_constraint con on con.conrelid = c.oid and con.conname = piece.key and con.contype = 'f') as begun,
           (select coalesce(json_agg(leaf.relid::regclass::text order by leaf.relid), '[]') from pg_partition_tree(root.oid) leaf
             where leaf.isleaf and not exists (select from pg_constraint con where con.conrelid = leaf.relid
               and con.contype = 'f' and con.convalidated and pg_get_constraintdef(con.oid) = ${key.definition})) as without
      from root`)
  return rows[0] ?? null
}

const isReady = (pieces: Pieces | null): boolean => pieces?.whole === false && pieces.without.length === 0

/** Whether all pieces of a key are there and validated, and the key is not. */
export const canBeJoined = async (session: Session, key: ForeignKeyDefinition): Promise<boolean> =>
  isReady(await readPieces(session, key))

/**
 * Makes the validated pieces one key again, under a lock of milliseconds: PostgreSQL takes them as they are. Where a partition
 * has none (it came meanwhile, or its piece has orphans) they stay what they are; the answer names those partitions.
 */
export async function joinPieces(
  session: Session,
  key: ForeignKeyDefinition,
  clock: Clock,
  lockOptions: TableLockOptions,
): Promise<readonly string[]> {
  const pieces = await readPieces(session, key)
  if (isReady(pieces)) {
    await withTableLocks(session, [key.from, key.to], clock, lockOptions, async () => {
      if (!(await canBeJoined(session, key))) return
      await lendPrivilege(session, 'REFERENCES', [key.to], async () => {
        for (const statement of addValidForeignKey(key)) await session.query(statement)
      })
    })
  }
  return pieces?.begun && !pieces.whole ? pieces.without : []
}
