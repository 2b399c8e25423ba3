import type { ColumnDefinition, ConstraintDefinition, IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { canonicalJson } from '#core/json.ts'
import { printTable } from '#core/names.ts'

/** Of a definition that which makes rows what they are. The rest belongs to the real name, and is given at the swap. */
const columnOf = (column: ColumnDefinition) => ({
  ...{ type: column.type, notNull: column.notNull, collation: column.collation, generated: column.generated },
  ...{ storage: column.storage, compression: column.compression },
  ...(column.generated === null ? {} : { expression: column.default }),
})

const constraintOf = ({ kind, definition, validated, index }: ConstraintDefinition) => ({
  ...{ kind, definition, validated },
  ...(index ? { options: index.options, tablespace: index.tablespace } : {}),
})

const indexOf = ({ method, unique, definition, tablespace, valid }: IndexDefinition) => ({
  ...{ method, unique, definition, tablespace, valid },
})

const tableOf = ({ persistence, accessMethod, tablespace, options }: TableDefinition) => ({
  ...{ persistence, accessMethod, tablespace, options },
})

type Named = { readonly name: string }

const differences = <T extends Named>(
  what: string,
  was: readonly T[],
  is: readonly T[],
  of: (item: T) => unknown,
): string[] => {
  const found = new Map(is.map((item) => [item.name, canonicalJson(of(item))]))
  const wanted = new Set(was.map(({ name }) => name))
  return [
    ...was.flatMap((item) => {
      const [a, b] = [canonicalJson(of(item)), found.get(item.name)]
      return a === b ? [] : [`${what} "${item.name}": ${a} became ${b ?? 'nothing'}`]
    }),
    ...is.filter(({ name }) => !wanted.has(name)).map(({ name }) => `${what} "${name}" was not there`),
  ]
}

/**
 * What differs between a table as the manifest has it and as it was restored beside its place, in lines for people: columns
 * in their order, constraints, indexes. `leftOut`: names of indexes that were not built.
 */
export const definitionDifferences = (
  was: TableDefinition,
  is: TableDefinition,
  leftOut: ReadonlySet<string>,
): string[] => {
  const order = (columns: readonly Named[]) => columns.map(({ name }) => name).join(', ')
  const lines = [
    ...(canonicalJson(tableOf(was)) === canonicalJson(tableOf(is))
      ? []
      : [`storage: ${canonicalJson(tableOf(was))} became ${canonicalJson(tableOf(is))}`]),
    ...(order(was.columns) === order(is.columns) ? [] : [`columns ${order(was.columns)} became ${order(is.columns)}`]),
    ...differences('column', was.columns, is.columns, columnOf),
    ...differences('constraint', was.constraints, is.constraints, constraintOf),
    // One that is invalid is not built: it never served.
    ...differences(
      'index',
      was.indexes.filter(({ name, valid }) => valid && !leftOut.has(name)),
      is.indexes,
      indexOf,
    ),
  ]
  return lines.map((line) => `"${printTable(was.table)}": ${line}`)
}
