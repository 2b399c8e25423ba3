import type { Grant, TableDefinition } from '#core/ddl/definition.ts'
import type { Table } from '#core/names.ts'

/**
 * Everything of an object that depends on tables, directly or through another one, that has to come back with them. JSON: it
 * lies in retirement records and in manifests, in an order in which each stands after what it uses. Texts are those of
 * PostgreSQL's own `pg_get_*def` functions, taken with an empty search_path.
 */
export type DependentDefinition = ViewDefinition | RoutineDefinition | MembershipDefinition

/** A view, or a materialized view, which holds a copy of rows. */
export interface ViewDefinition {
  readonly kind: 'view' | 'materialized view'
  /** The name by which a plan allows it: `view public.recent`. */
  readonly object: string
  /**
   * All that it has in common with a table: name, owner, grants, options (`security_invoker=true`, `check_option=…`), columns,
   * triggers, rules; of a materialized view also indexes, statistics, access method, tablespace.
   */
  readonly relation: TableDefinition
  /** `pg_get_viewdef`, without the semicolon. */
  readonly query: string
  /** Whether a materialized view has rows to show; `null` for a view. */
  readonly populated: boolean | null
  readonly uses: readonly UsedObject[]
}

/** A function or procedure that PostgreSQL knows to depend on the tables: by its body (BEGIN ATOMIC) or its signature. */
export interface RoutineDefinition {
  readonly kind: 'function' | 'procedure'
  /** `function public.newest(integer)`. */
  readonly object: string
  readonly oid: number
  readonly routine: Table
  /** Identity arguments, as ALTER and DROP take them. */
  readonly arguments: string
  readonly owner: string
  /** `pg_get_functiondef`: CREATE OR REPLACE, with its settings. */
  readonly definition: string
  readonly comment: string | null
  readonly grants: readonly Grant[] | null
  readonly uses: readonly UsedObject[]
}

/** That a publication carries a table by its name: `for table public.docs (id) where (…)`. */
export interface MembershipDefinition {
  readonly kind: 'publication'
  /** `publication "App"`. */
  readonly object: string
  readonly publication: string
  readonly owner: string
  readonly table: Table
  /** `null`: all. */
  readonly columns: readonly string[] | null
  /** The row filter, without the word WHERE. */
  readonly filter: string | null
}

/** What a definition names besides the tables and the other dependents: has to be there when it is created anew. */
export interface UsedObject {
  readonly kind: 'relation' | 'function' | 'type'
  /** As `to_regclass`, `to_regprocedure`, `to_regtype` read it. */
  readonly identity: string
  /** The extension that brings it. */
  readonly extension: string | null
}

export const isView = (definition: DependentDefinition): definition is ViewDefinition =>
  definition.kind === 'view' || definition.kind === 'materialized view'

export const isRoutine = (definition: DependentDefinition): definition is RoutineDefinition =>
  definition.kind === 'function' || definition.kind === 'procedure'

export const isMembership = (definition: DependentDefinition): definition is MembershipDefinition =>
  definition.kind === 'publication'
