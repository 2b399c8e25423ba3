import type { TableDefinition } from '#core/ddl/definition.ts'
import type { DependentDefinition } from '#core/ddl/dependents/definition.ts'
import type { Finding } from '#core/ddl/unsupported.ts'
import type { Table } from '#core/names.ts'
import type { Surroundings } from '#core/plan-init/surroundings.ts'

export interface VectorColumn {
  readonly column: string
  /** `public.vector(1536)` */
  readonly type: string
}

/** A table that the plan protects: the root of its tree, where it has partitions or heirs. */
export interface ProtectedTable {
  readonly table: Table
  readonly vectors: readonly VectorColumn[]
  /** With its partitions and heirs, indexes and TOAST. */
  readonly bytes: number
  /** As the server estimates them; `null` when it was never analysed. */
  readonly rows: number | null
  /** Partitions and heirs, at any depth. */
  readonly parts: number
}

export interface VectorIndex extends Table {
  readonly table: Table
  /** `hnsw`, `ivfflat` */
  readonly method: string
  readonly valid: boolean
  /** It is of a partitioned table, attached to such, or part of a constraint: it cannot be dropped without making everybody wait. */
  readonly bound: boolean
}

/** What a first plan is made of: all of it from the catalogue, none of it from rows. */
export interface DatabaseFacts {
  /** Host, port and name, for people. */
  readonly label: string
  readonly database: string
  /** Of the database; `null` also where it is the one that initdb gives. */
  readonly comment: string | null
  readonly serverVersion: string
  readonly extension: { readonly name: string; readonly version: string; readonly schema: string }
  readonly tables: readonly ProtectedTable[]
  /** Of the tables with all of their partitions and heirs, parents first. */
  readonly definitions: readonly TableDefinition[]
  readonly indexes: readonly VectorIndex[]
  /** The role that the application reads the tables as, as far as privileges tell. */
  readonly application: string | null
  /** What goes out of reach with the tables and comes back with them, each after what it uses. */
  readonly dependents: readonly DependentDefinition[]
  /** Why the full path would be refused. */
  readonly inTheWay: readonly Finding[]
  readonly surroundings: Surroundings
}
