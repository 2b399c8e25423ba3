import type { ColumnDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * The bare table, for COPY: what makes rows what they are (types, NOT NULL, generated columns) and how they are stored, and
 * nothing that slows loading down or belongs to the real name.
 */
export function createForLoad(definition: TableDefinition, schema: string): Sql[] {
  const table: Table = { schema, name: definition.table.name }
  const create = [
    sql`create ${definition.persistence === 'unlogged' ? sql`unlogged ` : sql``}table ${named(table)} (`,
    sql`${sql.join(definition.columns.map(column))})`,
  ]
  if (definition.partitioning) create.push(sql` partition by ${sql.raw(definition.partitioning.key)}`)
  if (definition.accessMethod !== null) create.push(sql` using ${sql.id(definition.accessMethod)}`)
  if (definition.options.length > 0) create.push(sql` with (${storageOptions(definition.options)})`)
  if (definition.tablespace !== null) create.push(sql` tablespace ${sql.id(definition.tablespace)}`)
  // STORAGE is part of CREATE TABLE from PostgreSQL 16 on only; COPY has to find it set.
  const storage = definition.columns
    .filter(({ storage }) => storage !== null)
    .map(
      ({ name, storage }) =>
        sql`alter table only ${named(table)} alter column ${sql.id(name)} set storage ${sql.raw(storage ?? '')}`,
    )
  return [sql.join(create, ''), ...storage]
}

function column(definition: ColumnDefinition): Sql {
  const parts = [sql.id(definition.name), sql.raw(definition.type)]
  if (definition.compression !== null) parts.push(sql`compression ${sql.raw(definition.compression)}`)
  if (definition.collation !== null) parts.push(sql`collate ${named(definition.collation)}`)
  if (definition.generated !== null) {
    parts.push(sql`generated always as (${sql.raw(definition.default ?? 'null')}) ${sql.raw(definition.generated)}`)
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
