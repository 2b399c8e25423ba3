import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Bytes of the pages, of all with what lies out of line, and of one page. */
export interface SizeOnDisk {
  readonly heap: number
  readonly total: number
  readonly page: number
}

/** `null` for a partitioned table: its rows are those of its partitions. */
export const sizeOnDisk = async (session: Session, { schema, name }: Table): Promise<SizeOnDisk | null> => {
  const { rows } = await session.query<{ heap: string; total: string; page: string; kind: string }>(sql`
    select pg_catalog.pg_relation_size(c.oid)::text as heap, pg_catalog.pg_table_size(c.oid)::text as total,
      pg_catalog.current_setting('block_size') as page, c.relkind as kind
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${name}`)
  const [found] = rows
  if (found?.kind === 'p') return null
  return { heap: Number(found?.heap), total: Number(found?.total), page: Number(found?.page) }
}
