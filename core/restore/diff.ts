import type { ColumnDefinition, IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { canonicalJson } from '#core/json.ts'
import { printTable } from '#core/names.ts'

/** What differs between a table as it was and a table as it is, in lines for people. */
export interface TableDiff {
  /** What the application that is deployed now may count on, and what keeps rows apart: columns, constraints, row security. */
  readonly drift: readonly string[]
  /** What is worth knowing, and neither changes answers nor refuses a row. */
  readonly notes: readonly string[]
}

export function diffTable(was: TableDefinition, is: TableDefinition): TableDiff {
  const table = printTable(was.table)
  const unique = ({ unique }: IndexDefinition) => unique
  const others = (indexes: readonly IndexDefinition[]) => indexes.filter((index) => !index.unique)
  return {
    drift: [
      ...diffColumns(was, is),
      ...changes(was.constraints, is.constraints, ({ kind, name, definition }) => [
        definition,
        `${kind} "${name}" of "${table}"`,
      ]),
      ...changes(was.foreignKeys, is.foreignKeys, ({ name, from, definition }) => [
        canonicalJson([from, definition]),
        `foreign key "${name}" of "${printTable(from)}"`,
      ]),
      ...changes(was.indexes.filter(unique), is.indexes.filter(unique), (index) => [index.definition, named(index)]),
      ...(canonicalJson(was.rowSecurity) === canonicalJson(is.rowSecurity)
        ? []
        : [`row security of "${table}" was ${security(was)}, is ${security(is)}`]),
      ...changes(was.policies, is.policies, ({ comment: _, ...policy }) => [
        canonicalJson(policy),
        `policy "${policy.name}" of "${table}"`,
      ]),
    ],
    notes: [
      ...changes(others(was.indexes), others(is.indexes), (index) => [
        `${index.definition} ${index.valid}`,
        named(index),
      ]),
      ...OTHERWISE.filter((part) => canonicalJson(was[part]) !== canonicalJson(is[part])).map(
        (part) => `"${table}" has ${part === 'owner' ? 'another owner' : `other ${part}`} than it had`,
      ),
    ],
  }
}

const OTHERWISE = ['owner', 'grants', 'triggers', 'rules'] as const

const named = ({ name, table, definition, unique, valid }: IndexDefinition): string =>
  `${valid ? '' : 'invalid '}${unique ? 'unique ' : ''}index "${name}" of "${printTable(table)}"${definition}`

const security = ({ rowSecurity: { enabled, forced } }: TableDefinition): string =>
  enabled ? (forced ? 'forced' : 'on') : 'off'

/** `describe`: what makes two of them the same, and how to name one. */
const changes = <T>(was: readonly T[], is: readonly T[], describe: (one: T) => [string, string]): string[] => {
  const lines = (of: readonly T[], without: readonly T[], what: string) => {
    const known = new Set(without.map((one) => describe(one)[0]))
    return of.map(describe).flatMap(([key, name]) => (known.has(key) ? [] : [`${name} was ${what}`]))
  }
  return [...lines(was, is, 'dropped'), ...lines(is, was, 'added')]
}

function diffColumns(was: TableDefinition, is: TableDefinition): string[] {
  const table = printTable(was.table)
  const now = new Map(is.columns.map((column) => [column.name, column]))
  const before = new Set(was.columns.map(({ name }) => name))
  return [
    ...was.columns.flatMap((column) => {
      const name = `column "${table}.${column.name}"`
      const found = now.get(column.name)
      return found ? diffColumn(column, found).map((line) => `${name} ${line}`) : [`${name} was dropped`]
    }),
    ...is.columns
      .filter(({ name }) => !before.has(name))
      .map(({ name, type }) => `column "${table}.${name}" was added: ${type}`),
  ]
}

const diffColumn = (was: ColumnDefinition, is: ColumnDefinition): string[] => [
  ...(was.type === is.type ? [] : [`was ${was.type}, is ${is.type}`]),
  ...(was.notNull === is.notNull ? [] : [is.notNull ? 'may no longer be null' : 'now may be null']),
  ...(canonicalJson(was.collation) === canonicalJson(is.collation) ? [] : ['has another collation']),
  ...(was.identity === is.identity ? [] : [`was ${identity(was)}, is ${identity(is)}`]),
  ...(filling(was) === filling(is) ? [] : [`had ${filling(was)}, has ${filling(is)}`]),
]

const identity = ({ identity: kind }: ColumnDefinition): string =>
  kind === null ? 'no identity' : `an identity (${kind})`

const filling = ({ generated, default: expression }: ColumnDefinition): string =>
  generated !== null
    ? `the generated value ${expression ?? 'null'} (${generated})`
    : expression === null
      ? 'no default'
      : `the default ${expression}`
