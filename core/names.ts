/** Branded names: a value of one cannot be passed where another is meant. */
declare const brand: unique symbol
export type Brand<T, B extends string> = T & { readonly [brand]: B }

/** Name of a plan: the name of its folder under `plans/`. */
export type PlanName = Brand<string, 'PlanName'>
/** One run of the state machine: the name of the execution, at most 80 characters. */
export type IncidentId = Brand<string, 'IncidentId'>
/** `<plan>`-unique name of a snapshot; the folder `snapshots/<plan>/<id>/` in the bucket. */
export type SnapshotId = Brand<string, 'SnapshotId'>
/** One move of tables out of reach; derived from the incident that retired them. */
export type RetirementId = Brand<string, 'RetirementId'>
/** Name of an SSM parameter, already resolved for the environment: starts with `/`. */
export type FlagPath = Brand<string, 'FlagPath'>
/** Lower-case hex of 32 bytes. */
export type Sha256 = Brand<string, 'Sha256'>

/** A table (or view, index, sequence) by schema and name, unquoted. Never `"a.b"`. */
export interface Table {
  readonly schema: string
  readonly name: string
}

/** The paths that the state machine branches over. */
export const PATHS = ['flag', 'partial', 'full', 'restore', 'purge'] as const
export type Path = (typeof PATHS)[number]

/** `schema.name` for people and logs; never for SQL, where `sql.id` quotes. */
export const printTable = (table: Table): string => `${table.schema}.${table.name}`

export const same = (a: Table, b: Table): boolean => a.schema === b.schema && a.name === b.name
export const contains = (tables: readonly Table[], table: Table): boolean => tables.some((other) => same(other, table))
