import type { ColumnDefinition, IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import type { Table } from '#core/names.ts'

/** A column as plain as can be, with what a test says of it. */
export const columnOf = (name: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type: 'text',
  typeName: { schema: 'pg_catalog', name: 'text' },
  typeExtension: null,
  notNull: false,
  notNullConstraint: null,
  collation: null,
  default: null,
  generated: null,
  identity: null,
  storage: null,
  compression: null,
  statisticsTarget: -1,
  options: [],
  comment: null,
  grants: null,
  ...more,
})

export const indexOf = (name: string, table: Table, more: Partial<IndexDefinition> = {}): IndexDefinition => ({
  name,
  table,
  method: 'btree',
  unique: false,
  definition: ' USING btree (body)',
  tablespace: null,
  valid: true,
  clustered: false,
  statisticsTargets: {},
  comment: null,
  ...more,
})

export const tableOf = (table: Table, more: Partial<TableDefinition> = {}): TableDefinition => ({
  table,
  oid: 1,
  owner: 'app',
  persistence: 'permanent',
  accessMethod: 'heap',
  tablespace: null,
  options: [],
  comment: null,
  replicaIdentity: { kind: 'default' },
  columns: [],
  sequences: [],
  constraints: [],
  foreignKeys: [],
  indexes: [],
  statistics: [],
  rowSecurity: { enabled: false, forced: false },
  policies: [],
  triggers: [],
  rules: [],
  grants: null,
  ...more,
})
