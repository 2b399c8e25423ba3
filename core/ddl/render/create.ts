import type { ColumnDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import { toastOptions } from '#core/ddl/render/toast.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** A table that is no part of a tree, see `createBare`. */
export const createForLoad = (definition: TableDefinition, schema: string): Sql[] => [
  ...createBare(definition, schema),
  ...storageForLoad(definition, schema),
]

/**
 * The bare table, for COPY: what makes rows what they are (types, NOT NULL, generated columns), and
 * nothing that slows loading down or belongs to the real name.
 *
 * @param parents of an heir, where they stand now: it takes from them what it has not declared itself
 */
export function createBare(definition: TableDefinition, schema: string, parents: readonly Table[] = []): Sql[] {
  const table: Table = { schema, name: definition.table.name }
  const heir = parents.length > 0
  const declared = heir
    ? definition.columns.filter(({ inherited }) => !inherited).map(withoutInherited)
    : definition.columns
  const create = [
    sql`create ${definition.persistence === 'unlogged' ? sql`unlogged ` : sql``}table ${named(table)} (`,
    sql`${sql.join(declared.map(column))})`,
  ]
  if (heir) create.push(sql` inherits (${sql.join(parents.map(named))})`)
  if (definition.partitioning) create.push(sql` partition by ${asItWas(definition.partitioning.key)}`)
  if (definition.accessMethod !== null) create.push(sql` using ${sql.id(definition.accessMethod)}`)
  if (definition.options.length > 0) create.push(sql` with (${storageOptions(definition.options)})`)
  if (definition.tablespace !== null) create.push(sql` tablespace ${sql.id(definition.tablespace)}`)
  return [sql.join(create, ''), ...(heir ? ownNotNull(definition, table) : []), ...toastOptions(definition, table)]
}

/** STORAGE is part of CREATE TABLE from PostgreSQL 16 on only, and of all parents of an heir has to agree there; COPY has to find it. */
export const storageForLoad = ({ columns, table: { name: own } }: TableDefinition, schema: string): Sql[] =>
  columns
    .filter(({ storage }) => storage !== null)
    .map(
      ({ name, storage }) =>
        sql`alter table only ${sql.id(schema, own)} alter column ${sql.id(name)} set storage ${sql.raw(storage ?? '')}`,
    )

const withoutInherited = (column: ColumnDefinition): ColumnDefinition =>
  column.notNullConstraint?.inherited ? { ...column, notNull: false, notNullConstraint: null } : column

/** NOT NULL that an heir has declared on columns that it has not. */
const ownNotNull = ({ columns }: TableDefinition, table: Table): Sql[] =>
  columns
    .filter(({ inherited, notNull }) => inherited && notNull)
    .flatMap(({ name, notNullConstraint }) => {
      if (!notNullConstraint) return [sql`alter table only ${named(table)} alter column ${sql.id(name)} set not null`]
      if (notNullConstraint.inherited || !notNullConstraint.validated) return []
      return [
        sql`alter table only ${named(table)} add constraint ${sql.id(notNullConstraint.name)} ${sql.raw(notNullConstraint.definition)}`,
      ]
    })

function column(definition: ColumnDefinition): Sql {
  const parts = [sql.id(definition.name), sql.raw(definition.type)]
  if (definition.compression !== null) parts.push(sql`compression ${sql.raw(definition.compression)}`)
  if (definition.collation !== null) parts.push(sql`collate ${named(definition.collation)}`)
  if (definition.generated !== null) {
    parts.push(sql`generated always as (${asItWas(definition.default ?? 'null')}) ${sql.raw(definition.generated)}`)
  }
  if (definition.notNullConstraint === null) {
    if (definition.notNull) parts.push(sql`not null`)
  } else if (definition.notNullConstraint.validated) {
    const { name, definition: text } = definition.notNullConstraint
    parts.push(sql`constraint ${sql.id(name)} not null`)
    if (text.endsWith(' NO INHERIT')) parts.push(sql`no inherit`)
  }
  return sql.join(parts, ' ')
}

/** The columns that a COPY carries, in order: the generated ones compute themselves. */
export const copyColumns = (definition: TableDefinition): string[] =>
  definition.columns.filter(({ generated }) => generated === null).map(({ name }) => name)
