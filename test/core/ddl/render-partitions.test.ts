import { expect, test } from 'vitest'
import type { ForeignKeyDefinition, IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { addForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { attachKeys, attachPartitions, indexesAfterLoad, partitionedIndexes } from '#core/ddl/render.ts'
import type { Table } from '#core/names.ts'
import type { Sql } from '#core/sql/tag.ts'
import { indexOf, tableOf } from '#test/support/definitions.ts'

const named = (name: string): Table => ({ schema: 'public', name })

const table = (name: string, more: Partial<TableDefinition> = {}): TableDefinition => tableOf(named(name), more)
const index = (name: string, on: string, more: Partial<IndexDefinition> = {}): IndexDefinition =>
  indexOf(name, named(on), { method: 'hnsw', definition: ' USING hnsw (e)', ...more })

const key = (name: string, attachedTo?: string): TableDefinition['constraints'][number] => ({
  name,
  kind: 'primary key',
  definition: 'PRIMARY KEY (id)',
  validated: true,
  comment: null,
  index: {
    comment: null,
    clustered: false,
    options: [],
    tablespace: null,
    ...(attachedTo === undefined ? {} : { attachedTo: named(attachedTo) }),
  },
})

const tree = [
  table('all', {
    accessMethod: null,
    partitioning: { key: 'LIST (id)' },
    constraints: [key('all_pkey')],
    indexes: [index('all_e', 'all', { statisticsTargets: { 1: 50 } })],
  }),
  table('one', {
    partitionOf: { parent: named('all'), bound: 'FOR VALUES IN (1)' },
    constraints: [key('one_pkey', 'all_pkey')],
    indexes: [
      index('one_e', 'one', { attachedTo: named('all_e') }),
      index('broken', 'one', { attachedTo: named('all_e'), valid: false }),
    ],
  }),
]
const aside = ({ name }: Table): Table => ({ schema: 'side', name })
const texts = (statements: readonly Sql[]): string[] => statements.map(({ text }) => text)

test('a partition is attached to its parent by its bounds, in the schema where both stand', () => {
  expect(texts(attachPartitions(tree, aside))).toEqual([
    'alter table only "side"."all" attach partition "side"."one" FOR VALUES IN (1)',
  ])
})

test('indexes of keys are attached by themselves: foreign keys refer to them', () => {
  expect(texts(attachKeys(tree, aside))).toEqual(['alter index "side"."all_pkey" attach partition "side"."one_pkey"'])
})

test('an index of a partitioned table is never built: it is made of what its partitions have, settings first', () => {
  expect(texts(tree.flatMap((each) => indexesAfterLoad(each, 'side')))).toEqual([
    'create index "one_e" on "side"."one" USING hnsw (e)',
  ])
  expect(texts(partitionedIndexes(tree, aside))).toEqual([
    'create index "all_e" on only "side"."all" USING hnsw (e)',
    'alter index "side"."all_e" alter column 1 set statistics 50',
    'alter index "side"."all_e" attach partition "side"."one_e"',
  ])
})

test('a foreign key of a partitioned table comes back on each partition, under the name it has there', () => {
  const foreignKey: ForeignKeyDefinition = {
    name: 'fk',
    from: named('all'),
    to: named('other'),
    definition: 'FOREIGN KEY (a) REFERENCES public.other(a)',
    validated: true,
    comment: 'of all',
    onPartitions: [{ from: named('one'), name: 'fk_one' }],
  }
  expect(texts(addForeignKey(foreignKey))).toEqual([
    'alter table "public"."one" add constraint "fk_one" FOREIGN KEY (a) REFERENCES public.other(a) not valid',
  ])
  // Without partitions there is nothing to look at, and before PostgreSQL 18 no NOT VALID.
  expect(texts(addForeignKey({ ...foreignKey, onPartitions: [] }))[0]).toMatch(/REFERENCES public.other\(a\)$/)
})
