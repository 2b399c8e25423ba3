import { createDependents } from '#core/ddl/dependents/create.ts'
import { type DependentDefinition, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import type { Row, Session } from '#core/ports.ts'
import { type Manifest, retiredWith } from '#core/snapshot/manifest.ts'
import { sql } from '#core/sql/tag.ts'

/** Views, functions and places in publications as they were, each after what it uses. */
export const dependentsOf = (manifest: Manifest): DependentDefinition[] =>
  retiredWith(manifest).map(({ definition }) => definition)

/** Throws `Restore.NameTaken`, naming what stands where views, their indexes or functions have to come back. */
export async function requireFreeDependents(session: Session, manifest: Manifest): Promise<void> {
  const definitions = dependentsOf(manifest)
  if (definitions.length === 0) return
  const relations = definitions
    .filter(isView)
    .flatMap(({ relation: { table, indexes } }) => [
      table,
      ...indexes.map(({ name }) => ({ schema: table.schema, name })),
    ])
  const routines = definitions.filter(isRoutine).map(({ object, routine }) => ({ object, ...routine }))
  const { rows } = await session.query<{ taken: string } & Row>(sql`
    select object.type || ' ' || object.identity as taken
      from unnest(${relations.map(({ schema }) => schema)}::text[], ${relations.map(({ name }) => name)}::text[]) wanted (schema, name)
      join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      cross join pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, c.oid, 0) object
    union all
    select object.type || ' ' || object.identity
      from unnest(${routines.map(({ object }) => object)}::text[], ${routines.map(({ schema }) => schema)}::text[],
        ${routines.map(({ name }) => name)}::text[]) wanted (object, schema, name)
      join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = wanted.name
      cross join pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, p.oid, 0) object
     where object.type || ' ' || object.identity = wanted.object
     order by 1`)
  if (rows.length === 0) return
  throw new RollbackError(
    'Restore.NameTaken',
    `In the way of what comes back with the tables: ${rows.map(({ taken }) => `"${taken}"`).join(', ')}.`,
    { fix: 'Find out who created it anew; drop or rename it, then restore again.', category: 'refused' },
  )
}

/** In the transaction that moves the tables to their places, after that. */
export async function bringBackDependents(session: Session, manifest: Manifest): Promise<void> {
  await requireFreeDependents(session, manifest)
  for (const statement of createDependents(dependentsOf(manifest))) await session.query(statement)
}
