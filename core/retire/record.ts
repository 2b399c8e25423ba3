import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import type { DependentDefinition } from '#core/ddl/dependents/definition.ts'
import type { LedgerMoved } from '#core/ledger/ledger.ts'
import type { PlanName, RetirementId, SnapshotId, Table } from '#core/names.ts'

/** What moves along with a table and is renamed, so that two retirements never collide. */
export interface Renamed {
  readonly kind: 'index' | 'sequence' | 'statistics'
  readonly oid: number
  readonly from: Table
  readonly to: Table
}

export interface RetiredTable {
  /** Where the table is now. Only the role of retired tables may read it. */
  readonly retired: Table
  /** The table as it was; `definition.table` is its real name. */
  readonly definition: TableDefinition
  readonly renamed: readonly Renamed[]
}

/** A view, materialized view or function that went along with the tables, or a table's place in a publication. */
export interface RetiredDependent {
  /** As it was, under its real name. */
  readonly definition: DependentDefinition
  /** Where it is now; `null`: a publication's, which is nowhere. */
  readonly retired: Table | null
  /** Indexes and statistics of a materialized view. */
  readonly renamed: readonly Renamed[]
  /** As its definition is printed where it is now; `null` before the move, and where `retired` is. */
  readonly moved: DependentDefinition | null
}

/** One move of tables out of reach, as it lies in the database beside the tables. JSON. */
export interface Retirement {
  readonly id: RetirementId
  readonly plan: PlanName
  /** ISO 8601. */
  readonly retiredAt: string
  readonly undoneAt: string | null
  readonly purgedAt: string | null
  readonly tables: readonly RetiredTable[]
  /** Foreign keys between these tables and others: dropped, and given back by undo. */
  readonly boundaryForeignKeys: readonly ForeignKeyDefinition[]
  /** What the plan allowed to go along, each after what it uses. */
  readonly dependents: readonly RetiredDependent[]
  /**
   * `null`: a restore set the tables aside, and nothing stands in their place yet. A snapshot: what it holds does, so that
   * these are kept as they failed and are no longer what a restore brings back. Absent: a rollback retired them.
   */
  readonly replacedBy?: SnapshotId | null
  /** The migration ledger, moved in the same transaction as the tables; absent where the plan names none. */
  readonly ledger?: LedgerMoved
}

/** Other tables stand in their place: an undo is not what anybody means by a restore. */
export const isReplaced = ({ replacedBy }: Pick<Retirement, 'replacedBy'>): boolean => typeof replacedBy === 'string'

/** Neither undone nor purged: the tables are out of reach, and can come back. */
export const isOpen = ({ undoneAt, purgedAt }: Retirement): boolean => undoneAt === null && purgedAt === null
