import { captureTables } from '#core/ddl/capture.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { captureFound } from '#core/ddl/dependents/capture.ts'
import { type DependentDefinition, isMembership, isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { findDependents } from '#core/ddl/dependents/find.ts'
import { readRoutines } from '#core/ddl/dependents/routines.ts'
import { readViews } from '#core/ddl/dependents/views.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { contains, type Table } from '#core/names.ts'
import { findApplication } from '#core/plan-init/application.ts'
import type { DatabaseFacts, ProtectedTable } from '#core/plan-init/facts.ts'
import { type FoundTable, findTables, requireExtension } from '#core/plan-init/find-tables.ts'
import { findNeeded } from '#core/plan-init/needed.ts'
import { rolesOf } from '#core/plan-init/roles.ts'
import {
  readExtensions,
  readMembershipsOf,
  readSchemas,
  readTypes,
  type Surroundings,
} from '#core/plan-init/surroundings.ts'
import { readVectorIndexes } from '#core/plan-init/vector-indexes.ts'
import type { Session } from '#core/ports.ts'
import { readSizes } from '#core/preview/tables.ts'
import { findObjections } from '#core/retire/refusals.ts'
import { sql } from '#core/sql/tag.ts'

/** What initdb says of the databases that it makes: no sign of anybody's. */
const BY_DEFAULT = ['default administrative connection database', 'default template for new databases']

interface About extends Record<string, unknown> {
  readonly database: string
  readonly comment: string | null
  readonly serverVersion: string
}

const about = sql`
  select pg_catalog.current_database()::text as database, pg_catalog.current_setting('server_version') as "serverVersion",
         pg_catalog.shobj_description(d.oid, 'pg_database') as comment
    from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`

async function protectedTable(session: Session, { vectors, schema, name }: FoundTable): Promise<ProtectedTable> {
  const table = { schema, name }
  const sizes = await readSizes(session, await expandTrees(session, [table]))
  const known = sizes.flatMap(({ rows }) => (rows === null ? [] : [rows]))
  return {
    table,
    vectors,
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    rows: known.length === 0 ? null : known.reduce((sum, rows) => sum + rows, 0),
    parts: sizes.length - 1,
  }
}

/** The far sides of the foreign keys of the tables. */
const across = (definitions: readonly TableDefinition[]): Table[] => {
  const own = definitions.map(({ table }) => table)
  return definitions
    .flatMap(({ foreignKeys }) => foreignKeys.flatMap(({ from, to }) => [from, to]))
    .filter((table) => !contains(own, table))
}

async function readSurroundings(
  session: Session,
  definitions: readonly TableDefinition[],
  dependents: readonly DependentDefinition[],
  application: string | null,
): Promise<Surroundings> {
  const beyond = await captureTables(session, await expandTrees(session, across(definitions)))
  const views = dependents.filter(isView).map(({ relation }) => relation.oid)
  const routines = dependents.filter(isRoutine).map(({ oid }) => oid)
  const relations = [...definitions, ...beyond].map(({ oid }) => oid)
  const needed = await findNeeded(session, { relations: [...relations, ...views], routines })
  const oids = (what: (typeof needed)[number]['what']) =>
    needed.filter((each) => each.what === what).map(({ oid }) => oid)
  const relationsOf = (what: 'table' | 'sequence') =>
    needed.filter((each) => each.what === what).flatMap(({ relation }) => (relation ? [relation] : []))

  const own = definitions.map(({ table }) => table)
  const neighbours = (await expandTrees(session, relationsOf('table'))).filter((table) => !contains(own, table))
  const captured = await captureTables(session, neighbours)
  const readBy = await readViews(
    session,
    oids('view').filter((oid) => !views.includes(oid)),
  )
  const others = oids('routine').filter((oid) => !routines.includes(oid))
  const functions = (await readRoutines(session, others)).map((routine) => ({
    kind: 'routine' as const,
    oid: routine.oid,
    definition: { ...routine, kind: 'function' as const, object: '', uses: [] },
    afterTables: needed.some(({ oid, what, afterTables }) => oid === routine.oid && what === 'routine' && afterTables),
  }))
  const seen: Pick<Surroundings, 'neighbours' | 'routines' | 'views'> = {
    neighbours: captured,
    routines: functions.toSorted((a, b) => a.oid - b.oid),
    views: readBy.map((view) => ({
      kind: view.populated === null ? 'view' : 'materialized view',
      object: '',
      ...view,
      uses: [],
    })),
  }
  const types = await readTypes(session, oids('type'))
  const extensions = await readExtensions(session, oids('extension'))
  const sequences = relationsOf('sequence')
  const schemas = await readSchemas(session, [
    ...[...own, ...neighbours, ...sequences, ...types].map(({ schema }) => schema),
    ...extensions.map(({ schema }) => schema),
    ...[...dependents.filter(isView), ...seen.views].map(({ relation }) => relation.table.schema),
    ...[...dependents.filter(isRoutine), ...functions.map(({ definition }) => definition)].map(
      ({ routine }) => routine.schema,
    ),
  ])
  const roles = rolesOf({ ...seen, schemas, definitions, dependents })
  return {
    ...seen,
    schemas,
    extensions,
    types,
    sequences,
    unwritten: needed.filter(({ what }) => what === 'other').map(({ object }) => object),
    roles: await readMembershipsOf(session, [...roles, ...(application === null ? [] : [application])]),
  }
}

/**
 * What the catalogue says of the tables with vectors, or of those that are asked for. Reads no row of anybody's table. Needs a
 * repeatable read transaction with an empty search_path. Throws `PlanInit.*`, `Capture.*`.
 */
export async function readFacts(session: Session, label: string, asked: readonly Table[]): Promise<DatabaseFacts> {
  const extension = await requireExtension(session, label)
  const found = await findTables(session, label, asked)
  const tables: ProtectedTable[] = []
  for (const table of found) tables.push(await protectedTable(session, table))
  const trees = await expandTrees(session, found)
  const definitions = await captureTables(session, trees)
  const oids = definitions.map(({ oid }) => oid)
  const dependents = await findDependents(session, oids)
  const { refusals } = await findObjections(session, trees, [], dependents)
  const along = (await captureFound(session, oids, dependents)).filter(({ object }) =>
    refusals.every((finding) => finding.object !== object || finding.never === undefined),
  )
  const application = await findApplication(
    session,
    found.map(({ oid }) => oid),
  )
  const { rows } = await session.query<About>(about)
  const [database] = rows
  if (!database) throw new TypeError('a session has a database')
  return {
    label,
    ...database,
    comment: database.comment !== null && BY_DEFAULT.includes(database.comment) ? null : database.comment,
    extension,
    tables,
    definitions,
    indexes: await readVectorIndexes(session, oids),
    application,
    dependents: along,
    inTheWay: refusals.filter(({ object }) => along.every((dependent) => dependent.object !== object)),
    surroundings: await readSurroundings(
      session,
      definitions,
      along.filter((dependent) => !isMembership(dependent)),
      application,
    ),
  }
}
