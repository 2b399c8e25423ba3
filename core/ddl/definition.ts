import type { Table } from '#core/names.ts'

/**
 * Everything of a table that a restore must give back, as the catalogue has it. Expressions and definitions are the
 * texts of PostgreSQL's own `pg_get_*def` functions, taken with an empty search_path, so that every name is qualified.
 * It is JSON: it lies in retirement records and in manifests.
 */
export interface TableDefinition {
  readonly table: Table
  readonly oid: number
  readonly owner: string
  readonly persistence: 'permanent' | 'unlogged'
  /** `null`: a partitioned table, which has no rows of its own, and names no method for those of its partitions. */
  readonly accessMethod: string | null
  readonly tablespace: string | null
  /** `key=value` as in reloptions; those of the TOAST table as `toast.key=value`. */
  readonly options: readonly string[]
  readonly comment: string | null
  readonly replicaIdentity:
    | { readonly kind: 'default' | 'full' | 'nothing' }
    | { readonly kind: 'index'; readonly index: string }
  /** What a partitioned table is divided by, as `pg_get_partkeydef` says it: `RANGE (at)`. Others have none. */
  readonly partitioning?: { readonly key: string }
  /** Of a partition: its parent, and `FOR VALUES …` or `DEFAULT`. */
  readonly partitionOf?: { readonly parent: Table; readonly bound: string }
  /** The parents of a table made by INHERITS, in their order. */
  readonly inherits?: readonly Table[]
  readonly columns: readonly ColumnDefinition[]
  /** Sequences that columns of this table own (serial and identity). */
  readonly sequences: readonly SequenceDefinition[]
  /** Primary keys, unique, check and exclusion constraints; foreign keys from this table are in `foreignKeys`. */
  readonly constraints: readonly ConstraintDefinition[]
  /** Foreign keys of this table, and foreign keys of other tables that reference it. */
  readonly foreignKeys: readonly ForeignKeyDefinition[]
  /** Indexes that no constraint owns. */
  readonly indexes: readonly IndexDefinition[]
  readonly statistics: readonly {
    readonly name: string
    readonly schema: string
    readonly owner: string
    readonly definition: string
    readonly target: number
    readonly comment: string | null
  }[]
  readonly rowSecurity: { readonly enabled: boolean; readonly forced: boolean }
  readonly policies: readonly PolicyDefinition[]
  /** Users' triggers; the internal ones of foreign keys are not here. */
  readonly triggers: readonly {
    readonly name: string
    readonly definition: string
    readonly enabled: EnabledState
    readonly comment: string | null
    /** A partition's copy of a trigger of its parent: it comes with that one. */
    readonly inherited?: true
  }[]
  readonly rules: readonly {
    readonly name: string
    readonly definition: string
    readonly enabled: EnabledState
    readonly comment: string | null
  }[]
  /** `null`: the default, the owner has all and nobody else anything. In the order of the catalogue. */
  readonly grants: readonly Grant[] | null
}

/** `O` origin and local, `D` disabled, `R` replica, `A` always. */
export type EnabledState = 'O' | 'D' | 'R' | 'A'

export interface Grant {
  readonly grantor: string
  /** `null` is PUBLIC. */
  readonly grantee: string | null
  /** `SELECT`, `INSERT`, … */
  readonly privilege: string
  readonly grantable: boolean
}

export interface ColumnDefinition {
  readonly name: string
  /** `format_type` with the typmod and the schema: `public.vector(1536)`. */
  readonly type: string
  /** Schema and name of the type without typmod; `extension` when an extension owns it. */
  readonly typeName: Table
  readonly typeExtension: string | null
  readonly notNull: boolean
  /** From PostgreSQL 18 on, NOT NULL is a constraint with a name; `null` before, and where the column is nullable. */
  readonly notNullConstraint: {
    readonly name: string
    /** `pg_get_constraintdef`. */
    readonly definition: string
    readonly validated: boolean
    readonly comment: string | null
    /** Only because a parent has it. */
    readonly inherited?: true
  } | null
  /** Only because a parent has it. */
  readonly inherited?: true
  /** Qualified collation, when it is not the type's own. */
  readonly collation: Table | null
  /** The expression of the default, or of the generated column. */
  readonly default: string | null
  readonly generated: 'stored' | 'virtual' | null
  /** The sequence of an identity column is in `sequences`. */
  readonly identity: 'always' | 'by default' | null
  /** Only where it differs from the type's own. */
  readonly storage: 'plain' | 'external' | 'extended' | 'main' | null
  readonly compression: 'pglz' | 'lz4' | null
  /** -1: the default. */
  readonly statisticsTarget: number
  readonly options: readonly string[]
  readonly comment: string | null
  readonly grants: readonly Grant[] | null
}

export interface SequenceDefinition {
  readonly sequence: Table
  readonly column: string
  readonly ownedBy: 'identity' | 'serial'
  /** Always the owner of the table. */
  readonly owner: string
  readonly persistence: 'permanent' | 'unlogged'
  readonly type: string
  /** As text: they may not fit a JavaScript number. */
  readonly start: string
  readonly increment: string
  readonly min: string
  readonly max: string
  readonly cache: string
  readonly cycle: boolean
  readonly lastValue: string
  readonly isCalled: boolean
  readonly comment: string | null
  readonly grants: readonly Grant[] | null
}

export interface ConstraintDefinition {
  readonly name: string
  readonly kind: 'primary key' | 'unique' | 'check' | 'exclusion'
  /** `pg_get_constraintdef`, with NOT VALID where it is not validated. */
  readonly definition: string
  readonly validated: boolean
  readonly comment: string | null
  /** Only because a parent has it. */
  readonly inherited?: true
  /** For the constraints that an index carries. */
  readonly index: {
    readonly attachedTo?: Table
    readonly comment: string | null
    readonly clustered: boolean
    readonly options: readonly string[]
    readonly tablespace: string | null
  } | null
}

export interface ForeignKeyDefinition {
  readonly name: string
  readonly from: Table
  readonly to: Table
  /** `pg_get_constraintdef`, without NOT VALID. */
  readonly definition: string
  readonly validated: boolean
  readonly comment: string | null
  /**
   * Where `from` is partitioned: the keys that enforce it on the partitions with rows, which come and go with it. They have
   * its definition, and may have other names.
   */
  readonly onPartitions?: readonly { readonly from: Table; readonly name: string }[]
}

export interface IndexDefinition {
  readonly name: string
  readonly table: Table
  readonly method: string
  readonly unique: boolean
  /** What follows `create [unique] index <name> on <table>` in `pg_get_indexdef`, from ` using ` on. */
  readonly definition: string
  readonly tablespace: string | null
  /** An index of a partitioned table has nothing to build and is always called valid: what it lacks is attached to none. */
  readonly valid: boolean
  /** The index of the parent that this index of a partition is a part of. */
  readonly attachedTo?: Table
  readonly clustered: boolean
  /** Statistics targets of expression columns, by attribute number. */
  readonly statisticsTargets: Readonly<Record<string, number>>
  readonly comment: string | null
}

export interface PolicyDefinition {
  readonly name: string
  readonly permissive: boolean
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete'
  /** Role names; `null` is PUBLIC. */
  readonly roles: readonly (string | null)[]
  readonly using: string | null
  readonly check: string | null
  readonly comment: string | null
}
