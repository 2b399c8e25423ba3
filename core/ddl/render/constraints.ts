import type { ConstraintDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { asItWas } from '#core/ddl/render/expression.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * Primary key, unique, exclusion and check constraints; NOT NULL that was not validated (PostgreSQL 18). Children before their
 * parents: what a parent has in common with a child that has it already is joined, and nothing is looked at twice.
 */
export function constraintsAfterLoad(definition: TableDefinition, schema: string): Sql[] {
  const table: Table = { schema, name: definition.table.name }
  const notNull = definition.columns
    .flatMap(({ notNullConstraint }) => (notNullConstraint ? [notNullConstraint] : []))
    // Its parent's gives it to a child; what is a child's own already would stay its own.
    .filter(({ validated, inherited }) => !validated && !inherited)
    .map((constraint) => add(table, constraint.name, constraint.definition))
  // A partition's are joined when its parent gets them; an heir's would stay its own.
  const own = definition.constraints.filter(({ inherited }) => !(inherited && definition.inherits))
  const only = definition.partitioning ? sql`only ` : sql``
  return [...notNull, ...own.flatMap((constraint) => constraintOf(table, constraint, only))]
}

/** @param only keeps a partitioned table from making indexes of its own choice on its partitions */
function constraintOf(table: Table, { name, definition, index }: ConstraintDefinition, only: Sql): Sql[] {
  const statements = [add(table, name, definition, index ? only : sql``)]
  // pg_get_constraintdef leaves out what concerns the index alone.
  if (index && index.options.length > 0) {
    statements.push(sql`alter index ${sql.id(table.schema, name)} set (${storageOptions(index.options)})`)
  }
  if (index?.tablespace) {
    statements.push(sql`alter index ${sql.id(table.schema, name)} set tablespace ${sql.id(index.tablespace)}`)
  }
  return statements
}

const add = (table: Table, name: string, definition: string, only: Sql = sql``): Sql =>
  sql`alter table ${only}${named(table)} add constraint ${sql.id(name)} ${asItWas(definition)}`
