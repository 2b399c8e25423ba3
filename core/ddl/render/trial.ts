import type { ColumnDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { parentsOf } from '#core/ddl/inheritance.ts'
import { rowSecurity, rules, triggers } from '#core/ddl/render/behaviour.ts'
import { columnSettings } from '#core/ddl/render/columns.ts'
import { constraintsAfterLoad } from '#core/ddl/render/constraints.ts'
import { createBare } from '#core/ddl/render/create.ts'
import { indexesAfterLoad } from '#core/ddl/render/indexes.ts'
import { statistics } from '#core/ddl/render/statistics.ts'
import { same, type Table } from '#core/names.ts'
import { quoteIdentifier, type Sql } from '#core/sql/tag.ts'

export const TEMPORARY = 'pg_temp'

/**
 * As much of a table as has conditions and expressions, for an empty temporary table of its name. Of a partition or heir only
 * what it has not from its parents, which are tried themselves.
 */
export function trialOf(definition: TableDefinition, all: readonly TableDefinition[]): TableDefinition {
  const { table, partitionOf, inherits: _, ...rest } = definition
  const parents = partitionOf ? all.filter((each) => same(each.table, partitionOf.parent)) : parentsOf(definition, all)
  const given = new Set(parents.flatMap(({ columns }) => columns.map(expressionOf)))
  const trial = { schema: TEMPORARY, name: table.name }
  return {
    ...rest,
    table: trial,
    ...{ persistence: 'permanent', accessMethod: null, tablespace: null, options: [] },
    columns: definition.columns.map((column) => ({
      ...column,
      default: given.has(expressionOf(column)) || isConstant(column.default) ? null : column.default,
      ...{ storage: null, compression: null, statisticsTarget: -1, options: [] },
    })),
    ...{ sequences: [], foreignKeys: [], rowSecurity: { enabled: false, forced: false } },
    constraints: definition.constraints
      .filter(({ kind, inherited }) => (kind === 'check' || kind === 'exclusion') && !inherited)
      .map((constraint) => ({ ...constraint, index: null })),
    indexes: definition.indexes
      .filter(({ valid, attachedTo, definition: text }) => valid && !attachedTo && /\([^()]*\(| WHERE /.test(text))
      .map((index) => ({ ...index, table: trial })),
    statistics: definition.statistics
      .filter((each) => / ON .*\(/s.test(each.definition))
      .map((each) => {
        const { schema, name } = each
        const named = moved(each.definition, 'STATISTICS', { schema, name }, TEMPORARY)
        return { ...each, schema: TEMPORARY, target: -1, definition: moved(named, 'FROM', table, TEMPORARY) }
      }),
    triggers: definition.triggers
      .filter((trigger) => !trigger.inherited && trigger.definition.includes(' WHEN ('))
      .map((trigger) => ({ ...trigger, enabled: 'O', definition: moved(trigger.definition, 'ON', table, TEMPORARY) })),
    rules: definition.rules.map((rule) => ({
      ...rule,
      ...{ enabled: 'O', definition: moved(rule.definition, 'TO', table, TEMPORARY) },
    })),
  }
}

export const trialStatements = (trial: TableDefinition): Sql[] => {
  // An index of a partitioned table may be made of it alone here: it has no partitions.
  const { partitioning: _, ...whole } = trial
  return [
    ...createBare(trial, TEMPORARY),
    ...columnSettings(trial),
    ...constraintsAfterLoad(trial, TEMPORARY),
    ...indexesAfterLoad(whole, TEMPORARY),
    ...statistics(trial),
    ...rowSecurity(trial),
    ...triggers(trial),
    ...rules(trial),
  ]
}

/** What is printed of all that PostgreSQL had to understand, by what it is of. */
export const textsOf = (definition: TableDefinition): Map<string, string> =>
  new Map(
    [
      ['partition key', definition.partitioning?.key ?? null] as const,
      ...definition.columns.map((column) => [`default of column "${column.name}"`, column.default] as const),
      ...definition.constraints.map((each) => [`constraint "${each.name}"`, each.definition] as const),
      ...definition.indexes.map((each) => [`index "${each.name}"`, each.definition] as const),
      ...definition.statistics.map((each) => [`statistics "${each.name}"`, each.definition] as const),
      ...definition.policies.flatMap(({ name, using, check }) => [
        [`policy "${name}", USING`, using] as const,
        [`policy "${name}", WITH CHECK`, check] as const,
      ]),
      ...definition.triggers.map((each) => [`trigger "${each.name}"`, each.definition] as const),
      ...definition.rules.map((each) => [`rule "${each.name}"`, each.definition] as const),
    ].flatMap(([of, text]) => (text === null ? [] : [[of, text] as const])),
  )

const expressionOf = ({ name, default: text }: ColumnDefinition): string => JSON.stringify([name, text])

/** Most defaults are: nothing that could be read in two ways. */
const isConstant = (text: string | null): boolean =>
  text !== null && /^(?:[\w.]+(?:\(\))?|'(?:[^']|'')*'::[\w ."]+|nextval\('(?:[^']|'')*'::regclass\))$/.test(text)

/** A definition of the same in another schema. Names are quoted where PostgreSQL has to. */
const moved = (text: string, after: string, { schema, name }: Table, to: string): string => {
  const either = (part: string) => `(?:${[part, quoteIdentifier(part)].map(escapeRegExp).join('|')})`
  return text.replace(
    new RegExp(`( ${after} )${either(schema)}\\.(${either(name)})(?=\\s|$)`, 'u'),
    (_, before: string, own: string) => `${before}${to}.${own}`,
  )
}

const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
