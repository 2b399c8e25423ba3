import { captureTables } from '#core/ddl/capture.ts'
import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { isMembership, isRoutine, isView, type UsedObject } from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { same, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { diffTable, type TableDiff } from '#core/restore/diff.ts'
import { newerExtensions } from '#core/restore/extension.ts'
import { grantedOn, rolesOfDependents } from '#core/retire/dependents.ts'
import { allGrants } from '#core/retire/existing-roles.ts'
import type { RetiredDependent } from '#core/retire/record.ts'
import { type Manifest, retiredWith } from '#core/snapshot/manifest.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Those of the tables that exist under their real names. */
export async function existing(session: Session, tables: readonly Table[]): Promise<Table[]> {
  const { rows } = await session.query<{ schema: string; name: string }>(sql`
    select n.nspname as schema, c.relname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (select * from unnest(${tables.map(({ schema }) => schema)}::text[],
      ${tables.map(({ name }) => name)}::text[])) order by 1, 2`)
  return rows
}

/** How the tables that stand under the names of a snapshot differ from it, and the extensions they use. */
export async function diffStanding(session: Session, { tables, extensions }: Manifest): Promise<TableDiff> {
  const definitions = tables.map(({ definition }) => definition)
  const names = definitions.map(({ table }) => table)
  const live = await captureTables(session, await existing(session, names))
  // A key between a table that stands and one that is to come back went with that one: nobody has dropped it.
  const absent = names.filter((table) => !live.some((is) => same(is.table, table)))
  const stands = ({ from, to }: ForeignKeyDefinition) => !absent.some((table) => same(table, from) || same(table, to))
  const diffs = live.flatMap((is) => {
    const was = definitions.find(({ table }) => same(table, is.table))
    return was ? [diffTable({ ...was, foreignKeys: was.foreignKeys.filter(stands) }, is)] : []
  })
  return {
    drift: diffs.flatMap(({ drift }) => drift),
    notes: [...diffs.flatMap(({ notes }) => notes), ...(await newerExtensions(session, extensions))],
  }
}

/** Refuses a database into which the snapshot does not fit: schemas, roles, types or referenced tables are gone. */
export async function requireFits(session: Session, manifest: Manifest, creatable: ReadonlySet<string>): Promise<void> {
  const definitions = manifest.tables.map(({ definition }) => definition)
  const lines = await missingObjects(session, definitions, retiredWith(manifest), creatable)
  if (lines.length > 0) throw drifted(manifest, lines, 'Bring back what is missing, then restore.')
}

/** Throws `Restore.SchemaDrift` with the whole diff unless the tables that stand there are as the snapshot has them. */
export function requireNoDrift(manifest: Manifest, { drift, notes }: TableDiff): void {
  if (drift.length === 0) return
  throw drifted(
    manifest,
    [...drift, ...notes],
    'The application that is deployed may need what is there now. Deploy the one that fits the snapshot and restore with "accept-drift": true (--accept-drift), or choose another snapshot.',
  )
}

const drifted = ({ snapshot }: Manifest, lines: readonly string[], fix: string): RollbackError =>
  new RollbackError(
    'Restore.SchemaDrift',
    `The schema has changed since snapshot "${snapshot}":\n${lines.map((line) => `- ${line}`).join('\n')}\n`,
    { fix, category: 'refused' },
  )

const missing = (what: string, names: readonly string[], present: Sql): Sql =>
  sql`select ${`${what} "`}::text || w.name || '" is missing' as line from unnest(${[...new Set(names)]}::text[]) as w (name)
    where not exists (${present})`

async function missingObjects(
  session: Session,
  definitions: readonly TableDefinition[],
  retired: readonly RetiredDependent[],
  creatable: ReadonlySet<string>,
): Promise<string[]> {
  const dependents = retired.map(({ definition }) => definition)
  const used = (kind: UsedObject['kind']) =>
    dependents
      .flatMap((each) => (isMembership(each) ? [] : each.uses))
      .filter((each) => each.kind === kind && (each.extension === null || !creatable.has(each.extension)))
      .map(({ identity }) => identity)
  const types = definitions
    .flatMap(({ columns }) => columns)
    .filter(({ typeExtension }) => typeExtension === null || !creatable.has(typeExtension))
  const others = definitions
    .flatMap(({ foreignKeys }) => foreignKeys.flatMap(({ from, to }) => [from, to]))
    .filter((table) => !definitions.some((own) => same(own.table, table)))
  const statements = [
    missing(
      'schema',
      [
        ...definitions.map(({ table }) => table.schema),
        ...dependents.filter(isView).map(({ relation }) => relation.table.schema),
        ...dependents.filter(isRoutine).map(({ routine }) => routine.schema),
      ],
      sql`select from pg_catalog.pg_namespace where nspname = w.name`,
    ),
    missing(
      'role',
      [...definitions.flatMap(rolesOf), ...rolesNamedBy(retired)],
      sql`select from pg_catalog.pg_roles where rolname = w.name`,
    ),
    missing(
      'type',
      [...types.map(({ type }) => type), ...used('type')],
      sql`select where pg_catalog.to_regtype(w.name) is not null`,
    ),
    missing(
      'table',
      others.map(({ schema, name }) => sql.id(schema, name).text),
      sql`select where pg_catalog.to_regclass(w.name) is not null`,
    ),
    missing('relation', used('relation'), sql`select where pg_catalog.to_regclass(w.name) is not null`),
    missing('function', used('function'), sql`select where pg_catalog.to_regprocedure(w.name) is not null`),
    missing(
      'publication',
      dependents.filter(isMembership).map(({ publication }) => publication),
      sql`select from pg_catalog.pg_publication where pubname = w.name`,
    ),
  ]
  const lines: string[] = []
  for (const statement of statements) {
    const { rows } = await session.query<{ line: string }>(statement)
    lines.push(...rows.map(({ line }) => line))
  }
  return lines
}

const rolesNamedBy = (dependents: readonly RetiredDependent[]): string[] => {
  const { owners, grantors } = rolesOfDependents(dependents.map(({ definition }) => definition))
  const grantees = grantedOn(dependents)
    .flatMap(allGrants)
    .map(({ grantee }) => grantee)
  return [...owners, ...grantors, ...grantees.filter((name) => name !== null)]
}

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
