import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { named } from '#core/ddl/render/names.ts'
import { same, type Table } from '#core/names.ts'
import { doBlock } from '#core/plan-init/block.ts'
import { EXTENSION } from '#core/plan-init/find-tables.ts'
import { madeValue } from '#core/plan-init/made-values.ts'
import type { DomainType, EnumType } from '#core/plan-init/surroundings.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Enough for an index to have something in it. A drill moves rows, it does not search them. */
export const MOST_ROWS = 200

type Types = readonly (EnumType | DomainType)[]

interface KeyColumns {
  readonly to: Table
  readonly columns: readonly string[]
  readonly references: readonly string[]
}

const COLUMNS = /^FOREIGN KEY \((?<own>.*?)\) REFERENCES .*?\((?<other>[^()]*)\)/s

const splitNames = (list: string): string[] =>
  [...list.matchAll(/"((?:[^"]|"")+)"|([^\s,"]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  )

/** Columns of both sides of a foreign key, as its definition names them. */
export const keyColumns = ({ to, definition }: Pick<ForeignKeyDefinition, 'to' | 'definition'>): KeyColumns[] => {
  const { own, other } = COLUMNS.exec(definition)?.groups ?? {}
  return own === undefined || other === undefined
    ? []
    : [{ to, columns: splitNames(own), references: splitNames(other) }]
}

/** Some row of the other table; where columns are in several keys, one that has what the first of them said. */
function parentRow({ to, columns, references }: KeyColumns, alias: Sql, known: ReadonlyMap<string, Sql>): Sql {
  const shared = columns.flatMap((name, i) => {
    const value = known.get(name)
    return value ? [sql`p.${sql.id(references[i] ?? name)} = ${value}`] : []
  })
  const which =
    shared.length > 0
      ? sql` where ${sql.join(shared, ' and ')}`
      : sql` order by ${sql.join(references.map((name) => sql`p.${sql.id(name)}`))} offset (made.n - 1) % greatest(1, (select pg_catalog.count(*) from ${named(to)}))`
  return sql`left join lateral (select p.* from ${named(to)} as p${which} limit 1) as ${alias} on true`
}

/**
 * One generated row. `sparse` leaves out whatever may be null, which no check objects to. `null` where a column needs a value
 * of a type that none is known of.
 */
function insertRow(definition: TableDefinition, types: Types, fill: 'full' | 'sparse'): Sql | null {
  const { table, columns, constraints, foreignKeys } = definition
  const isNull = (name: string) => fill === 'sparse' && columns.some((each) => each.name === name && !each.notNull)
  const known = new Map<string, Sql>()
  const parents: Sql[] = []
  for (const key of foreignKeys.filter(({ from }) => same(from, table)).flatMap(keyColumns)) {
    if (key.columns.every(isNull)) continue
    const alias = sql.id(`parent_${parents.length + 1}`)
    parents.push(parentRow(key, alias, known))
    for (const [i, name] of key.columns.entries())
      if (!known.has(name)) known.set(name, sql`${alias}.${sql.id(key.references[i] ?? name)}`)
  }
  const values: { name: Sql; value: Sql }[] = []
  for (const column of columns.filter(({ generated }) => generated === null)) {
    const made = known.get(column.name) ?? (isNull(column.name) ? sql`null` : madeValue(column, types, constraints))
    if (made === null && column.notNull) return null
    values.push({ name: sql.id(column.name), value: made ?? sql`null` })
  }
  if (values.length === 0) return null
  const source = parents.length === 0 ? sql`` : sql` from (select) as one ${sql.join(parents, ' ')}`
  return sql`insert into ${named(table)} (${sql.join(values.map(({ name }) => name))})
      select ${sql.join(values.map(({ value }) => value))}${source}`
}

const isVector = (definition: TableDefinition, column: string) =>
  definition.columns.some(({ name, typeExtension }) => name === column && typeExtension === EXTENSION)

/**
 * Statements that fill a table with generated rows, as many as the setting `vector_rollback.rows` says: full ones, else sparse
 * ones, else none. A row that a constraint does not allow is left out. `null` where no row can be made at all.
 */
export function makeRows(definition: TableDefinition, types: Types): Sql | null {
  // The rows of a partitioned table find their partitions; a partition by itself would need to know its bounds.
  if (definition.partitionOf) return null
  const vectors = {
    ...definition,
    columns: definition.columns.map((column) =>
      isVector(definition, column.name) ? { ...column, notNull: true } : column,
    ),
  }
  const full = insertRow(definition, types, 'full')
  const sparse = insertRow(vectors, types, 'sparse')
  const first = full ?? sparse
  if (first === null) return null
  const second = full !== null && sparse !== null && sparse.text !== full.text ? `${sparse.text};` : 'null;'
  return doBlock(`begin
  <<made>>
  for n in 1 .. pg_catalog.current_setting('vector_rollback.rows')::pg_catalog.int4 loop
    begin
      ${first.text};
    exception when others then
      begin
        ${second}
      exception when others then
        null; -- No such row is allowed: there is one less.
      end;
    end;
  end loop;
end`)
}
