import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { movableViews } from '#core/retire/dependents.ts'
import { requireFreeSignatures } from '#core/retire/dependents-back.ts'
import type { Retirement } from '#core/retire/record.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

interface Taken extends Table {
  /** `pg_class.relkind`, `type` or `statistics`. */
  readonly kind: string
}

/** Relations, types and statistics that have these names now. A table needs its name as a type, too. */
async function findTaken(session: Session, names: readonly Table[]): Promise<Taken[]> {
  const { rows } = await session.query<Taken & Row>(sql`
    with wanted as (
      select n.oid as namespace, wanted.schema, wanted.name
        from unnest(${names.map((table) => table.schema)}::text[], ${names.map((table) => table.name)}::text[]) wanted(schema, name)
        join pg_namespace n on n.nspname = wanted.schema)
    select distinct schema, name, c.relkind::text as kind from wanted
      join pg_class c on c.relnamespace = namespace and c.relname = name
    union
    select schema, name, 'type' from wanted join pg_type t on t.typnamespace = namespace and t.typname = name and t.typrelid = 0
    union
    select schema, name, 'statistics' from wanted
      join pg_statistic_ext s on s.stxnamespace = namespace and s.stxname = name
     order by 1, 2`)
  return rows
}

/** Throws `Undo.NameTaken`, with the number of rows of every table that stands in the way. */
export async function requireFreeNames(session: Session, retirement: Retirement): Promise<void> {
  const moved = [...retirement.tables, ...movableViews(retirement.dependents)]
  const names = moved.flatMap(({ definition, renamed }) => [definition.table, ...renamed.map(({ from }) => from)])
  const taken = await findTaken(session, names)
  if (taken.length === 0) return requireFreeSignatures(session, retirement)
  const described: string[] = []
  for (const name of taken) described.push(await describe(session, name))
  throw new RollbackError('Undo.NameTaken', `In the way of the retired tables: ${described.join('; ')}.`, {
    fix: 'Find out who created them anew and whether their rows matter; rename them, then undo again. Or restore the snapshot of this retirement by its id: that sets them aside first.',
    category: 'refused',
  })
}

const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  c: 'type',
}

async function describe(session: Session, { schema, name, kind }: Taken): Promise<string> {
  const printed = `${KINDS[kind] ?? kind} "${printTable({ schema, name })}"`
  if (kind !== 'r' && kind !== 'p') return printed
  try {
    const { rows } = await session.query<{ rows: string }>(
      sql`select count(*)::text as rows from ${sql.id(schema, name)}`,
    )
    return `${printed} with ${rows[0]?.rows ?? '0'} rows`
  } catch (error) {
    // Another role's table: that it is there is reason enough to stop.
    if (sqlState(error) === '42501') return `${printed} with rows that this role may not count`
    throw error
  }
}
