import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { createDependents } from '#core/ddl/dependents/create.ts'
import { isMembership, isView } from '#core/ddl/dependents/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { addForeignKey, addValidForeignKey, distinctForeignKeys, piecesOf } from '#core/ddl/render/foreign-keys.ts'
import { named, role } from '#core/ddl/render/names.ts'
import {
  attachKeys,
  constraintsAfterLoad,
  createTrees,
  finishAfterSwap,
  indexesAfterLoad,
  partitionedIndexes,
} from '#core/ddl/render.ts'
import { contains, type Table } from '#core/names.ts'
import { doBlock } from '#core/plan-init/block.ts'
import type { DatabaseFacts } from '#core/plan-init/facts.ts'
import { MOST_ROWS } from '#core/plan-init/fixture-rows.ts'
import type { DomainType, EnumType, Surroundings } from '#core/plan-init/surroundings.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

const inPlace = (table: Table): Table => table

/** After the rows that are made; where such a sequence goes up, and has room. No counter of the real database comes along. */
const afresh = (table: TableDefinition): TableDefinition['sequences'] =>
  table.sequences.map((sequence) => {
    const { start, increment, max } = sequence
    const fits = BigInt(increment) > 0n && BigInt(start) <= MOST_ROWS && BigInt(max) > MOST_ROWS
    return fits
      ? { ...sequence, lastValue: String(MOST_ROWS), isCalled: true }
      : { ...sequence, lastValue: start, isCalled: false }
  })

/** A table as a drill can have it: nothing of this server's disks, and no key that leads out of the fixture. */
const portable = (definition: TableDefinition, all: readonly Table[]): TableDefinition => ({
  ...definition,
  tablespace: null,
  sequences: afresh(definition),
  foreignKeys: definition.foreignKeys.filter(({ from, to }) => contains(all, from) && contains(all, to)),
  indexes: definition.indexes.map((index) => ({ ...index, tablespace: null })),
  constraints: definition.constraints.map((constraint) =>
    constraint.index ? { ...constraint, index: { ...constraint.index, tablespace: null } } : constraint,
  ),
})

/** The tables of the plan, and their neighbours, as the fixture has them: those that others refer to first, where there is no circle. */
export const fixtureTables = ({ definitions, surroundings }: DatabaseFacts): TableDefinition[] => {
  const all = [...surroundings.neighbours, ...definitions]
  const names = all.map(({ table }) => table)
  const ordered: TableDefinition[] = []
  let waiting = all.map((definition) => portable(definition, names))
  while (waiting.length > 0) {
    const left = waiting.map(({ table }) => table)
    const free = waiting.filter((definition) => needs(definition).every((table) => !contains(left, table)))
    const next = free.length > 0 ? free : waiting.slice(0, 1)
    ordered.push(...next)
    waiting = waiting.filter((definition) => !next.includes(definition))
  }
  return ordered
}

/** Parents, partitioned or inherited from, stand before their children. */
const needs = ({ table, foreignKeys, partitionOf, inherits = [] }: TableDefinition): Table[] =>
  [
    ...foreignKeys.filter(({ from }) => contains([from], table)).map(({ to }) => to),
    ...(partitionOf ? [partitionOf.parent] : []),
    ...inherits,
  ].filter((other) => !contains([other], table))

const createRoles = ({ roles }: Surroundings): Sql[] => {
  if (roles.length === 0) return []
  const array = (names: readonly string[]) =>
    `array[${names.map((name) => sql.literal(name).text).join(', ')}]::pg_catalog.text[]`
  const pairs = roles.flatMap(({ name, memberOf }) => memberOf.map((group) => [group, name]))
  const grants = pairs.map(
    ([group = '', member = '']) => `
  if ${sql.literal(member).text} = any (made) then grant ${sql.id(group).text} to ${sql.id(member).text}; end if;`,
  )
  return [
    doBlock(`declare
  wanted pg_catalog.text;
  made pg_catalog.text[] := '{}';
begin
  foreach wanted in array ${array(roles.map(({ name }) => name))} loop
    continue when exists (select from pg_catalog.pg_roles where rolname = wanted);
    execute pg_catalog.format('create role %I nologin', wanted);
    made := made || wanted;
    -- Who may create roles is not a member of them by that.
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
      execute pg_catalog.format('grant %I to current_user', wanted);
    end if;
  end loop;${grants.join('')}
end`),
  ]
}

const createSchemas = ({ schemas }: Surroundings): Sql[] =>
  schemas.map(({ name }) => sql`create schema if not exists ${sql.id(name)}`)

const grantSchemas = ({ schemas }: Surroundings): Sql[] =>
  schemas.flatMap(({ name, grants }) =>
    (grants ?? [])
      .filter(({ grantee }) => grantee === null || !grantee.startsWith('pg_'))
      .map(({ privilege, grantee }) => sql`grant ${sql.raw(privilege)} on schema ${sql.id(name)} to ${role(grantee)}`),
  )

const createType = (type: EnumType | DomainType): Sql => {
  if (type.kind === 'enum') return sql`create type ${named(type)} as enum (${sql.join(type.labels.map(sql.literal))})`
  const parts = [sql`create domain ${named(type)} as ${sql.raw(type.base)}`]
  if (type.default !== null) parts.push(sql`default ${asItWas(type.default)}`)
  if (type.notNull) parts.push(sql`not null`)
  parts.push(...type.checks.map(({ name, definition }) => sql`constraint ${sql.id(name)} ${asItWas(definition)}`))
  return sql.join(parts, ' ')
}

/** Types and functions need one another, and were made in an order that worked. */
const early = ({ types, routines }: Surroundings): Sql[] =>
  [
    ...types.map((type) => ({ oid: type.oid, statements: [createType(type)] })),
    ...routines
      .filter(({ afterTables }) => !afterTables)
      .map(({ oid, definition }) => ({ oid, statements: createDependents([definition]) })),
  ]
    .toSorted((a, b) => a.oid - b.oid)
    .flatMap(({ statements }) => statements)

/** What comes before the rows. */
export const schemaBeforeRows = (facts: DatabaseFacts): Sql[] => {
  const { surroundings } = facts
  const tables = fixtureTables(facts)
  return [
    ...createRoles(surroundings),
    ...createSchemas(surroundings),
    ...grantSchemas(surroundings),
    ...surroundings.extensions.map(
      ({ name, schema }) => sql`create extension if not exists ${sql.id(name)} schema ${sql.id(schema)}`,
    ),
    ...early(surroundings),
    ...surroundings.sequences.map((sequence) => sql`create sequence ${named(sequence)}`),
    ...createTrees(tables, inPlace),
    ...tables.toReversed().flatMap((definition) => constraintsAfterLoad(definition, definition.table.schema)),
    ...attachKeys(tables, inPlace),
    ...surroundings.routines
      .filter(({ afterTables }) => afterTables)
      .flatMap(({ definition }) => createDependents([definition])),
  ]
}

/** Looks at the rows. On partitions first, where the key may have another name: the one of the whole takes those in. */
const addKey = (key: ForeignKeyDefinition): Sql[] =>
  key.validated ? [...piecesOf(key), key].flatMap(addValidForeignKey) : addForeignKey(key)

/** What comes after them, since an index is built faster than it is maintained, and policies bind the owner as well. */
export const schemaAfterRows = (facts: DatabaseFacts): Sql[] => {
  const tables = fixtureTables(facts)
  const keys = distinctForeignKeys(tables.flatMap(({ foreignKeys }) => foreignKeys))
  return [
    ...tables.flatMap((definition) => indexesAfterLoad(definition, definition.table.schema)),
    ...partitionedIndexes(tables, inPlace),
    ...keys.flatMap(addKey),
    ...createDependents(facts.surroundings.views),
    ...finishAfterSwap(tables.map((table) => ({ ...table, foreignKeys: [] }))).statements,
    ...createDependents(facts.dependents.filter((dependent) => !isMembership(dependent))),
    ...facts.dependents
      .filter(isView)
      .filter(({ populated }) => populated)
      .map(({ relation }) => sql`refresh materialized view ${named(relation.table)}`),
  ]
}

const script = (title: string, statements: readonly Sql[]): string =>
  [
    title,
    'begin;',
    "set local search_path = '';",
    'set local check_function_bodies = off;',
    ...statements.map(({ text }) => `${text};`),
    'commit;',
    '',
  ].join('\n')

/** `schema.sql` and `protect.sql` of the fixture. */
export const schemaFiles = (facts: DatabaseFacts): Readonly<Record<string, string>> => ({
  'fixture/schema.sql': script(
    '-- What the tables of the plan need, and the tables without what slows rows down. Written by plan init; change it as you like.',
    schemaBeforeRows(facts),
  ),
  'fixture/protect.sql': script(
    '-- After the rows: indexes, foreign keys, defaults, triggers, policies, views, owners, privileges.',
    [...schemaAfterRows(facts), sql`analyze ${sql.join(fixtureTables(facts).map(({ table }) => named(table)))}`],
  ),
})
