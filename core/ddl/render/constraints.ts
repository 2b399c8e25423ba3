import type { ConstraintDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Primary key, unique, exclusion and check constraints; NOT NULL that was not validated (PostgreSQL 18). */
export function constraintsAfterLoad(definition: TableDefinition, schema: string): Sql[] {
  const table: Table = { schema, name: definition.table.name }
  const notNull = definition.columns
    .flatMap(({ notNullConstraint }) => (notNullConstraint ? [notNullConstraint] : []))
    .filter(({ validated }) => !validated)
    .map((constraint) => add(table, constraint.name, constraint.definition))
  return [...notNull, ...definition.constraints.flatMap((constraint) => constraintOf(table, constraint))]
}

function constraintOf(table: Table, { name, definition, index }: ConstraintDefinition): Sql[] {
  const statements = [add(table, name, definition)]
  // pg_get_constraintdef leaves out what concerns the index alone.
  if (index && index.options.length > 0) {
    statements.push(sql`alter index ${sql.id(table.schema, name)} set (${storageOptions(index.options)})`)
  }
  if (index?.tablespace) {
    statements.push(sql`alter index ${sql.id(table.schema, name)} set tablespace ${sql.id(index.tablespace)}`)
  }
  return statements
}

const add = (table: Table, name: string, definition: string): Sql =>
  sql`alter table ${named(table)} add constraint ${sql.id(name)} ${sql.raw(definition)}`
