import { RollbackError } from '#core/errors.ts'
import { contains, printTable, type Table } from '#core/names.ts'
import { nearest } from '#core/plan/nearest.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import type { VectorColumn } from '#core/plan-init/facts.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export const EXTENSION = 'vector'

export interface FoundTable extends Table {
  readonly oid: number
  /** The top of its tree, which is itself for most. */
  readonly roots: readonly Table[]
  readonly vectors: readonly VectorColumn[]
}

/** Oids of the extension's types, of domains over them and of their arrays. To be used in a WITH RECURSIVE. */
export const vectorTypes = sql`
  vector_types as (
    select d.objid as oid from pg_catalog.pg_depend d
      join pg_catalog.pg_extension e on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and e.oid = d.refobjid
     where e.extname = ${EXTENSION} and d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.deptype = 'e'
    union
    select t.oid from pg_catalog.pg_type t
      join vector_types v on t.typbasetype = v.oid or (t.typelem = v.oid and t.typcategory = 'A'))`

/** Every table that somebody made, with the columns of it that hold vectors. Not what lies retired, nor what is temporary. */
async function readTables(session: Session): Promise<FoundTable[]> {
  const { rows } = await session.query<FoundTable & Row>(sql`
    with recursive ${vectorTypes},
    up as (
      select c.oid, c.oid as above from pg_catalog.pg_class c where c.relkind in ('r', 'p') and c.relpersistence <> 't'
      union select up.oid, i.inhparent from up join pg_catalog.pg_inherits i on i.inhrelid = up.above)
    select n.nspname::text as schema, c.relname::text as name, c.oid,
           (select json_agg(json_build_object('schema', s.nspname, 'name', r.relname) order by s.nspname, r.relname)
              from up join pg_catalog.pg_class r on r.oid = up.above join pg_catalog.pg_namespace s on s.oid = r.relnamespace
             where up.oid = c.oid and not exists (select from pg_catalog.pg_inherits i where i.inhrelid = r.oid)) as roots,
           (select coalesce(json_agg(json_build_object('column', a.attname,
                'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
              from pg_catalog.pg_attribute a join vector_types v on v.oid = a.atttypid
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as vectors
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and c.relpersistence <> 't'
       and n.nspname <> 'information_schema' and n.nspname !~ '^(pg_|vector_rollback)'
       and not exists (select from pg_catalog.pg_depend d
         where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
     order by n.nspname collate "C", c.relname collate "C"`)
  return rows
}

/** Throws `PlanInit.NoExtension`. */
export async function requireExtension(
  session: Session,
  label: string,
): Promise<{ name: string; version: string; schema: string }> {
  const { rows } = await session.query<{ name: string; version: string; schema: string }>(sql`
    select e.extname::text as name, e.extversion as version, n.nspname::text as schema
      from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = ${EXTENSION}`)
  const [found] = rows
  if (found) return found
  throw new RollbackError('PlanInit.NoExtension', `Database "${label}" has no extension "${EXTENSION}".`, {
    fix: 'Check the name of the database at the end of the URL: a server has several, and the extension is in one of them. Nothing was written.',
    category: 'refused',
  })
}

/**
 * The tables of the plan: those that were asked for, or the roots of all with a vector column. Throws
 * `PlanInit.NoVectorTables`, `PlanInit.NoSuchTable`, `PlanInit.NotARoot`.
 */
export async function findTables(session: Session, label: string, asked: readonly Table[]): Promise<FoundTable[]> {
  const all = await readTables(session)
  for (const table of asked) requireRoot(table, all)
  const wanted =
    asked.length > 0 ? asked : all.filter(({ vectors }) => vectors.length > 0).flatMap(({ roots }) => roots)
  if (wanted.length > 0) return all.filter((table) => contains(wanted, table))
  throw new RollbackError('PlanInit.NoVectorTables', `Database "${label}" has no table with a vector column.`, {
    fix:
      all.length === 0
        ? 'It has no tables at all that this role can see: check the name of the database at the end of the URL. Nothing was written.'
        : 'Check the database, or name the tables of the feature: --tables public.documents. Nothing was written.',
    category: 'refused',
  })
}

function requireRoot(table: Table, all: readonly FoundTable[]): void {
  const found = all.find(({ schema, name }) => schema === table.schema && name === table.name)
  if (!found) {
    const near = nearest(writeTable(table), all.map(writeTable))
    throw new RollbackError('PlanInit.NoSuchTable', `There is no table "${printTable(table)}".`, {
      fix: near === null ? 'Name tables by schema and name: --tables public.documents.' : `Did you mean ${near}?`,
      category: 'usage',
    })
  }
  if (contains(found.roots, table)) return
  throw new RollbackError('PlanInit.NotARoot', `"${printTable(table)}" is a part of another table.`, {
    fix: `Name the whole: --tables ${found.roots.map(writeTable).join(',')}.`,
    category: 'usage',
  })
}
