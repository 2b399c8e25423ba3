import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** An extension that tables need, directly or through a domain, an index or an expression. */
export interface NeededExtension {
  readonly name: string
  readonly schema: string
  readonly version: string
}

/** Version of the server, and the extensions that the tables depend on. */
export async function readServer(
  session: Session,
  tables: readonly Table[],
): Promise<{ serverVersion: string; extensions: NeededExtension[] }> {
  const server = await session.query<{ version: string }>(sql`select current_setting('server_version') as version`)
  const { rows } = await session.query<NeededExtension & Record<string, unknown>>(neededExtensions(tables))
  return { serverVersion: server.rows[0]?.version ?? 'unknown', extensions: rows }
}

/** From the tables down to what is part of them, from there up to what these use, until a member of an extension. */
const neededExtensions = (tables: readonly Table[]): Sql => sql`
  with recursive own as (
    select 'pg_catalog.pg_class'::regclass::oid as class, c.oid
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]))
    union
    select d.classid, d.objid from own join pg_catalog.pg_depend d on d.refclassid = own.class and d.refobjid = own.oid
    where d.deptype in ('a', 'i')
  ), used as (
    select class, oid from own
    union
    select d.refclassid, d.refobjid from used join pg_catalog.pg_depend d on d.classid = used.class and d.objid = used.oid
    where d.deptype in ('n', 'a', 'i')
  )
  select distinct e.extname as name, n.nspname as schema, e.extversion as version
  from used
  join pg_catalog.pg_depend d on d.classid = used.class and d.objid = used.oid and d.deptype = 'e'
  join pg_catalog.pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_extension'::regclass
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  order by 1`
