import type { GeneratedTable, Statement } from './table.ts'
import { behaviour } from './traits/behaviour.ts'
import { comments } from './traits/comments.ts'
import { constraints, lateConstraints } from './traits/constraints.ts'
import { foreignKeys } from './traits/foreign-keys.ts'
import { indexes } from './traits/indexes.ts'
import { privileges } from './traits/privileges.ts'
import { storage } from './traits/storage.ts'

/** Something that a table may have; nothing where it does not fit this table. */
export interface Trait {
  readonly name: string
  of(table: GeneratedTable): readonly (string | Statement)[]
}

/**
 * In this order, each for all tables before the next one: what changes rows comes first, what keeps them from being changed
 * last. A new trait belongs into the file of its kind.
 */
export const TRAITS: readonly Trait[] = [
  { name: 'unlogged', of: () => [] },
  ...storage,
  ...constraints,
  ...foreignKeys,
  ...indexes,
  ...lateConstraints,
  ...behaviour,
  ...comments,
  ...privileges,
]

/** The statements of a trait; the owner of the table runs those that name nobody. */
export const statementsOf = (trait: Trait, table: GeneratedTable): Statement[] =>
  trait.of(table).map((each) => (typeof each === 'string' ? { as: table.owner, text: each } : each))
