import type { ForeignKeyDefinition, Grant, TableDefinition } from '#core/ddl/definition.ts'
import { canonicalJson } from '#core/json.ts'

/**
 * Where a table differs from its recorded definition, as a path (`columns[2].default`), or `null`. Not compared: whether foreign
 * keys are validated (that follows), values of sequences, and the order of grants, which need not be attainable again.
 *
 * @param lost foreign keys that could not be given back, or not in one piece yet, and their pieces
 */
export function differingPath(
  recorded: TableDefinition,
  now: TableDefinition,
  lost: readonly ForeignKeyDefinition[],
): string | null {
  return differ(comparable(recorded, lost), comparable(now, lost), '')
}

function comparable(definition: TableDefinition, lost: readonly ForeignKeyDefinition[]): unknown {
  return {
    ...definition,
    grants: sorted(definition.grants),
    columns: definition.columns.map((column) => ({ ...column, grants: sorted(column.grants) })),
    sequences: definition.sequences.map(({ lastValue: _value, isCalled: _called, ...sequence }) => ({
      ...sequence,
      grants: sorted(sequence.grants),
    })),
    foreignKeys: definition.foreignKeys
      .filter(
        (key) => !lost.some(({ name, from }) => name === key.name && canonicalJson(from) === canonicalJson(key.from)),
      )
      .map(({ validated: _, ...foreignKey }) => foreignKey),
  }
}

const sorted = (grants: readonly Grant[] | null): string[] | null => grants?.map(canonicalJson).toSorted() ?? null

function differ(a: unknown, b: unknown, path: string): string | null {
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return a === b ? null : path || '.'
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = differ(a[key], b[key], Array.isArray(a) ? `${path}[${key}]` : path ? `${path}.${key}` : key)
    if (found !== null) return found
  }
  return null
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
