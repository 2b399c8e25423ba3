import { captureTables } from '#core/ddl/capture.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import type { Manifest } from '#core/snapshot/manifest.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** What differs between a table as it was and a table as it is, in lines for people. Columns only: they carry the rows. */
export function diffColumns(was: TableDefinition, is: TableDefinition): string[] {
  const table = printTable(was.table)
  const now = new Map(is.columns.map((column) => [column.name, column]))
  const before = new Set(was.columns.map(({ name }) => name))
  return [
    ...was.columns.flatMap((column) => {
      const found = now.get(column.name)
      if (!found) return [`column "${table}.${column.name}" was dropped`]
      const lines: string[] = []
      if (found.type !== column.type)
        lines.push(`column "${table}.${column.name}" was ${column.type}, is ${found.type}`)
      if (found.generated !== column.generated)
        lines.push(`column "${table}.${column.name}" is generated in another way`)
      if (found.notNull !== column.notNull) {
        lines.push(`column "${table}.${column.name}" ${found.notNull ? 'may no longer' : 'now may'} be null`)
      }
      return lines
    }),
    ...is.columns.filter(({ name }) => !before.has(name)).map(({ name }) => `column "${table}.${name}" was added`),
  ]
}

/** Those of the tables that exist under their real names. */
export async function existing(session: Session, tables: readonly Table[]): Promise<Table[]> {
  const { rows } = await session.query<{ schema: string; name: string }>(sql`
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (select * from unnest(${tables.map(({ schema }) => schema)}::text[],
      ${tables.map(({ name }) => name)}::text[])) order by 1, 2`)
  return rows
}

/**
 * Refuses a database that is no longer what the snapshot fits into: tables re-created with other columns, types, schemas,
 * roles or referenced tables gone. `creatable`: extensions that the restore will create. Throws `Restore.SchemaDrift` with
 * the whole diff.
 */
export async function requireNoDrift(
  session: Session,
  manifest: Manifest,
  creatable: ReadonlySet<string>,
): Promise<void> {
  const definitions = manifest.tables.map(({ definition }) => definition)
  const live = await captureTables(
    session,
    await existing(
      session,
      definitions.map(({ table }) => table),
    ),
  )
  const lines = [
    ...live.flatMap((is) => {
      const was = definitions.find(({ table }) => same(table, is.table))
      return was ? diffColumns(was, is) : []
    }),
    ...(await missingObjects(session, definitions, creatable)),
  ]
  if (lines.length === 0) return
  throw new RollbackError(
    'Restore.SchemaDrift',
    `The schema has changed since snapshot "${manifest.snapshot}":\n${lines.map((line) => `- ${line}`).join('\n')}\n`,
    {
      fix: 'Bring the schema back to what it was (or retire the tables that took the names), then restore.',
      category: 'refused',
    },
  )
}

const missing = (what: string, names: readonly string[], present: Sql): Sql =>
  sql`select ${`${what} "`}::text || w.name || '" is missing' as line from unnest(${[...new Set(names)]}::text[]) as w (name)
    where not exists (${present})`

async function missingObjects(
  session: Session,
  definitions: readonly TableDefinition[],
  creatable: ReadonlySet<string>,
): Promise<string[]> {
  const types = definitions
    .flatMap(({ columns }) => columns)
    .filter(({ typeExtension }) => typeExtension === null || !creatable.has(typeExtension))
  const others = definitions
    .flatMap(({ foreignKeys }) => foreignKeys.flatMap(({ from, to }) => [from, to]))
    .filter((table) => !definitions.some((own) => same(own.table, table)))
  const statements = [
    missing(
      'schema',
      definitions.map(({ table }) => table.schema),
      sql`select from pg_catalog.pg_namespace where nspname = w.name`,
    ),
    missing('role', definitions.flatMap(rolesOf), sql`select from pg_catalog.pg_roles where rolname = w.name`),
    missing(
      'type',
      types.map(({ type }) => type),
      sql`select where pg_catalog.to_regtype(w.name) is not null`,
    ),
    missing(
      'table',
      others.map(({ schema, name }) => sql.id(schema, name).text),
      sql`select where pg_catalog.to_regclass(w.name) is not null`,
    ),
  ]
  const lines: string[] = []
  for (const statement of statements) {
    const { rows } = await session.query<{ line: string }>(statement)
    lines.push(...rows.map(({ line }) => line))
  }
  return lines
}

const same = (a: Table, b: Table): boolean => a.schema === b.schema && a.name === b.name

const rolesOf = (definition: TableDefinition): string[] => {
  const grants = [
    ...(definition.grants ?? []),
    ...definition.columns.flatMap((column) => column.grants ?? []),
    ...definition.sequences.flatMap((sequence) => sequence.grants ?? []),
  ]
  const named = [
    ...grants.flatMap(({ grantor, grantee }) => [grantor, grantee]),
    ...definition.policies.flatMap(({ roles }) => roles),
  ]
  return [definition.owner, ...definition.sequences.map(({ owner }) => owner), ...named.filter((name) => name !== null)]
}
