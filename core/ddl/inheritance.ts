import type { ColumnDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { printTable } from '#core/names.ts'

/**
 * How an heir comes to its columns again. `clause`: by INHERITS, which puts the parents' columns first and makes those that are not
 * listed inherited only. `afterwards`: by ALTER TABLE … INHERIT on a table that has declared all of them itself, in any order.
 */
export const descent = ({ columns }: TableDefinition): 'clause' | 'afterwards' =>
  columns.some(({ inherited }) => inherited) ? 'clause' : 'afterwards'

/** Why heirs among these tables could not be made again as they are: nothing that a plan could allow. */
export const findIrreproducible = (definitions: readonly TableDefinition[]): { object: string; why: string }[] =>
  definitions.flatMap((heir) => {
    if (!heir.inherits) return []
    const parents = parentsOf(heir, definitions)
    // A parent that stays behind is reason enough, and found in the catalogue.
    if (parents.length < heir.inherits.length) return []
    return [
      ...orderOf(heir, parents),
      ...heir.columns.flatMap((column) =>
        parents.flatMap((parent) => {
          const theirs = parent.columns.find(({ name }) => name === column.name)
          return theirs ? columnOf(heir, column, theirs) : []
        }),
      ),
      ...heir.columns.flatMap((column) => notNullOf(heir, column, parents)),
      ...constraintsOf(heir, parents),
    ].map((why) => ({ object: `table ${printTable(heir.table)}`, why }))
  })

export const parentsOf = (
  { inherits = [] }: TableDefinition,
  definitions: readonly TableDefinition[],
): TableDefinition[] =>
  inherits.flatMap((parent) =>
    definitions.filter(({ table }) => table.schema === parent.schema && table.name === parent.name),
  )

function orderOf(heir: TableDefinition, parents: readonly TableDefinition[]): string[] {
  if (descent(heir) === 'afterwards') return []
  const merged = new Set([...parents, heir].flatMap(({ columns }) => columns.map(({ name }) => name)))
  return heir.columns.every(({ name }, i) => [...merged][i] === name)
    ? []
    : ['has inherited columns behind its own, an order that no CREATE TABLE gives']
}

function columnOf(heir: TableDefinition, own: ColumnDefinition, theirs: ColumnDefinition): string[] {
  const column = `column "${own.name}"`
  const reasons: string[] = []
  if (theirs.notNull && !own.notNull) reasons.push(`lets ${column} be null, which its parent does not`)
  if (descent(heir) === 'afterwards') return reasons
  if (own.compression !== theirs.compression) reasons.push(`compresses ${column} in another way than its parent`)
  if (own.generated !== null && (!own.inherited || own.default !== theirs.default)) {
    reasons.push(`generates ${column} by itself, which its parent does, too`)
  }
  return reasons
}

/** PostgreSQL 18 keeps NOT NULL as a constraint: an heir's only is its own, or has the name that its parent's has. */
function notNullOf(
  heir: TableDefinition,
  { name: column, notNullConstraint: own }: ColumnDefinition,
  parents: readonly TableDefinition[],
): string[] {
  if (!own?.inherited) return []
  const theirs = parents.flatMap(({ columns }) => columns.filter(({ name }) => name === column))
  return descent(heir) === 'clause' && theirs.some(({ notNullConstraint }) => notNullConstraint?.name === own.name)
    ? []
    : [`has a constraint "${own.name}" that it could not inherit again`]
}

const constraintsOf = (heir: TableDefinition, parents: readonly TableDefinition[]): string[] =>
  heir.constraints
    .filter(
      (own) =>
        own.inherited &&
        !parents.some(({ constraints }) =>
          constraints.some(({ name, definition }) => name === own.name && definition === own.definition),
        ),
    )
    .map(({ name }) => `has a constraint "${name}" that differs from what it inherits`)
