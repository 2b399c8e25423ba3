import { readIndexes } from '#core/ddl/catalogue/indexes.ts'
import type { IndexDefinition } from '#core/ddl/definition.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { findBlockers, printBlocker } from '#core/sql/blockers.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/** An index as it is now, with what a later build has to know of its table. */
export interface FoundIndex {
  readonly definition: IndexDefinition
  readonly table: Table
  /** Types of the table's columns, for the estimate of the build's memory. */
  readonly columnTypes: readonly string[]
  readonly rows: number
}

const tableOfIndex = (index: Table) => sql`
  select x.indrelid as oid, n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::int8 as rows,
         i.relkind = 'I' or i.relispartition as shared,
         exists (select from pg_catalog.pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x')) as constraint,
         (select pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod))
            from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as types
    from pg_catalog.pg_index x
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    join pg_catalog.pg_namespace s on s.oid = i.relnamespace
    join pg_catalog.pg_class c on c.oid = x.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where s.nspname = ${index.schema} and i.relname = ${index.name}`

export const isAmong = (tables: readonly Table[], { schema, name }: Table): boolean =>
  tables.some((table) => table.schema === schema && table.name === name)

type OfTable = {
  oid: number
  schema: string
  name: string
  rows: string
  constraint: boolean
  shared: boolean
  types: string[]
}

/**
 * The index by name, or `null` when there is none. Throws `Index.NotProtected` for a table that is not in the care of the
 * plan, `Index.OfConstraint` for one that carries a key: that is dropped with its constraint, never by itself,
 * `Index.Partitioned` for one of a partitioned table or a part of it.
 */
export const findIndex = async (
  session: Session,
  index: Table,
  roots: readonly Table[],
): Promise<FoundIndex | null> => {
  const { rows } = await session.query<OfTable>(tableOfIndex(index))
  const [of] = rows
  if (!of) return null
  const table = { schema: of.schema, name: of.name }
  const protects = await expandTrees(session, roots)
  if (!isAmong(protects, table))
    throw new RollbackError('Index.NotProtected', `"${printTable(index)}" is an index of "${printTable(table)}".`, {
      fix: `The plan protects ${protects.map(printTable).join(', ')}: add the table there, or take the index out of the step.`,
      category: 'refused',
    })
  if (of.constraint)
    throw new RollbackError(
      'Index.OfConstraint',
      `"${printTable(index)}" carries a constraint of "${printTable(table)}".`,
      {
        fix: 'Name only indexes that no primary key, unique or exclusion constraint needs.',
        category: 'refused',
      },
    )
  if (of.shared)
    throw new RollbackError(
      'Index.Partitioned',
      `"${printTable(index)}" of "${printTable(table)}" is one index over several partitions.`,
      {
        fix: 'PostgreSQL can drop it only while everybody waits: take it out of the step, and contain by a flag instead.',
        category: 'refused',
      },
    )
  const found = (await readIndexes(session, [of.oid])).find(({ name }) => name === index.name)
  if (!found) throw new TypeError(`pg_index has "${printTable(index)}", its table has not`)
  const { oid: _, ...definition } = found
  return { definition, table, columnTypes: of.types, rows: Number(of.rows) }
}

/** PostgreSQL cuts the name of the index where it would not fit into 63 bytes together with `_ccnew`. */
const leftoversOf = (index: Table) => sql`
  select l.name, l.table_schema, l.table_name
    from (select i.relname::text as name, c.relname::text as table_name, s.nspname::text as table_schema,
                 regexp_replace(i.relname::text, '_cc(new|old)[0-9]*$', '') as base
            from pg_catalog.pg_index x
            join pg_catalog.pg_class i on i.oid = x.indexrelid
            join pg_catalog.pg_namespace n on n.oid = i.relnamespace
            join pg_catalog.pg_class c on c.oid = x.indrelid
            join pg_catalog.pg_namespace s on s.oid = c.relnamespace
           where not x.indisvalid and n.nspname = ${index.schema}) l
   where l.base <> l.name
     and (l.base = ${index.name} or (octet_length(l.name) >= 60 and pg_catalog.starts_with(${index.name}, l.base)))
   order by l.name`

/** Schema and name of the invalid index, and the table that it is on. */
export interface Leftover extends Table {
  readonly table: Table
}

/** What an interrupted `reindex concurrently` left behind: invalid, and still maintained by every write. */
export const findLeftovers = async (session: Session, index: Table): Promise<Leftover[]> => {
  const { rows } = await session.query<{ name: string; table_schema: string; table_name: string }>(leftoversOf(index))
  return rows.map(({ name, table_schema, table_name }) => ({
    schema: index.schema,
    name,
    table: { schema: table_schema, name: table_name },
  }))
}

const isThere = (index: Table) => sql`
  select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = ${index.schema} and c.relname = ${index.name} and c.relkind in ('i', 'I')`

const timeouts = (budget: number) => sql`
  select pg_catalog.set_config('lock_timeout', '0', false), pg_catalog.set_config('statement_timeout', ${String(budget)}, false)`

/**
 * `drop index concurrently`: waits for the transactions that use the table, and blocks nobody meanwhile. Out of time, it
 * leaves the index invalid; the next call drops that. Throws `Index.DropBlocked` naming whom it waited for.
 */
export const dropConcurrently = async (
  session: Session,
  index: Table,
  { budget, table }: { budget: number; table: Table },
): Promise<void> => {
  await session.query(timeouts(budget))
  try {
    await session.query(sql`drop index concurrently if exists ${sql.id(index.schema, index.name)}`)
  } catch (error) {
    if (sqlState(error) !== '57014') throw error
    const blockers = (await findBlockers(session, [table])).map(printBlocker).join('; ')
    throw new RollbackError(
      'Index.DropBlocked',
      `"${printTable(index)}" could not be dropped within ${Math.round(budget / 1000)} s${blockers ? `: ${blockers}` : ''}.`,
      { fix: 'End the transactions that are named, then retry: the drop goes on where it was.', cause: error },
    )
  }
  const { rowCount } = await session.query(isThere(index))
  if (rowCount > 0)
    throw new RollbackError('Index.NotDropped', `"${printTable(index)}" is still there after its drop.`, {
      fix: 'Somebody builds it again at the same time: find who, then retry.',
    })
}
