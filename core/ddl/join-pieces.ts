import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { addValidForeignKey, piecesOf } from '#core/ddl/render/foreign-keys.ts'
import type { Clock, Session } from '#core/ports.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Whether the foreign key of a partitioned table is missing, and every partition with rows has its piece of it, validated. A
 * partition that came meanwhile and has none would be looked at under the lock: then the pieces stay what they are.
 */
export async function canBeJoined(session: Session, key: ForeignKeyDefinition): Promise<boolean> {
  const pieces = piecesOf(key)
  if (pieces.length === 0) return false
  const { rows } = await session.query<{ possible: boolean }>(sql`
    with root as (
      select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = ${key.from.schema} and c.relname = ${key.from.name}),
    pieces as (
      select c.oid
        from unnest(${pieces.map(({ from }) => from.schema)}::text[], ${pieces.map(({ from }) => from.name)}::text[],
               ${pieces.map(({ name }) => name)}::text[]) piece(schema, name, key)
        join pg_namespace n on n.nspname = piece.schema
        join pg_class c on c.relnamespace = n.oid and c.relname = piece.name
        join pg_constraint con on con.conrelid = c.oid and con.conname = piece.key and con.contype = 'f' and con.convalidated)
    select not exists (select from pg_constraint con join root on root.oid = con.conrelid
                        where con.contype = 'f' and con.conname = ${key.name})
       and exists (select from pieces)
       and not exists (select from root cross join pg_partition_tree(root.oid) leaf
                        where leaf.isleaf and leaf.relid not in (select oid from pieces)) as possible
      from root`)
  return rows[0]?.possible === true
}

/** Makes the validated pieces one key again, under a lock of milliseconds: PostgreSQL takes them as they are. */
export async function joinPieces(
  session: Session,
  key: ForeignKeyDefinition,
  clock: Clock,
  lockOptions: TableLockOptions,
): Promise<void> {
  if (!(await canBeJoined(session, key))) return
  await withTableLocks(session, [key.from, key.to], clock, lockOptions, async () => {
    if (!(await canBeJoined(session, key))) return
    for (const statement of addValidForeignKey(key)) await session.query(statement)
  })
}
