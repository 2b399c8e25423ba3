import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Table } from '#core/names.ts'
import type { DatabaseFacts } from '#core/plan-init/facts.ts'
import { columnOf, tableOf } from '#test/support/definitions.ts'

export const DOCS: Table = { schema: 'public', name: 'docs' }

const vector = columnOf('embedding', {
  type: 'public.vector(3)',
  typeName: { schema: 'public', name: 'vector' },
  typeExtension: 'vector',
})

/** One table with a vector and an index over it, and nothing that has to be asked about. */
export const factsOf = (more: Partial<DatabaseFacts> = {}, tables: readonly TableDefinition[] = []): DatabaseFacts => {
  const definitions = tables.length > 0 ? tables : [tableOf(DOCS, { columns: [vector] })]
  return {
    label: 'db.internal:5432/app',
    database: 'app',
    comment: null,
    serverVersion: '15.8',
    extension: { name: 'vector', version: '0.8.0', schema: 'public' },
    tables: definitions.map(({ table }) => ({
      table,
      vectors: [{ column: 'embedding', type: 'public.vector(3)' }],
      bytes: 8192,
      rows: null,
      parts: 0,
    })),
    definitions,
    indexes: definitions.map(({ table }) => ({
      schema: table.schema,
      name: `${table.name}_embedding`,
      table,
      method: 'hnsw',
      valid: true,
      bound: false,
    })),
    application: 'app_reader',
    dependents: [],
    inTheWay: [],
    surroundings: {
      schemas: [],
      extensions: [],
      types: [],
      routines: [],
      sequences: [],
      neighbours: [],
      views: [],
      unwritten: [],
      roles: [],
    },
    ...more,
  }
}
