import { describe, expect, test } from 'vitest'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { createIndex } from '#core/ddl/render/indexes.ts'
import {
  constraintsAfterLoad,
  copyColumns,
  createForLoad,
  finishAfterSwap,
  indexesAfterLoad,
} from '#core/ddl/render.ts'
import type { Sql } from '#core/sql/tag.ts'
import { columnOf, tableOf } from '#test/support/definitions.ts'

const column = columnOf
const table = (more: Partial<TableDefinition> = {}): TableDefinition =>
  tableOf({ schema: 'public', name: 'do"cs; drop' }, { columns: [column('id')], ...more })

const texts = (statements: readonly Sql[]): string[] => statements.map(({ text }) => text)

describe('the bare table for loading', () => {
  test('quotes every name, and stands in the schema asked for', () => {
    expect(texts(createForLoad(table({ columns: [column('a"; drop table x')] }), 'side'))).toEqual([
      'create table "side"."do""cs; drop" ("a""; drop table x" text) using "heap"',
    ])
  })

  test('has what rows are made of, and no default, identity or constraint', () => {
    const columns = [
      column('id', { type: 'bigint', notNull: true, identity: 'always' }),
      column('title', { default: `'x'`, collation: { schema: 'pg_catalog', name: 'C' }, compression: 'lz4' }),
      column('loud', { default: 'upper(title)', generated: 'stored', storage: 'external' }),
    ]
    const definition = table({
      columns,
      persistence: 'unlogged',
      options: ['fillfactor=70', "toast.odd='"],
      tablespace: 'fast',
    })
    expect(texts(createForLoad(definition, 'side'))).toEqual([
      'create unlogged table "side"."do""cs; drop" ("id" bigint not null, "title" text compression lz4 collate "pg_catalog"."C", ' +
        '"loud" text generated always as (upper(title)) stored) using "heap" ' +
        `with ("fillfactor" = '70', "toast"."odd" = '''') tablespace "fast"`,
      // What PostgreSQL passes over where the table has no TOAST table.
      expect.stringContaining('add column vector_rollback_toast'),
      'alter table only "side"."do""cs; drop" alter column "loud" set storage external',
    ])
    expect(copyColumns(definition)).toEqual(['id', 'title'])
  })

  test('keeps the names of NOT NULL, except of one that was never validated', () => {
    const notNull = (validated: boolean) => ({
      name: 'present',
      definition: 'NOT NULL title NOT VALID',
      validated,
      comment: null,
    })
    const of = (validated: boolean) =>
      table({ columns: [column('title', { notNull: true, notNullConstraint: notNull(validated) })] })
    expect(createForLoad(of(true), 's')[0]?.text).toContain('"title" text constraint "present" not null')
    expect(createForLoad(of(false), 's')[0]?.text).toContain('("title" text)')
    expect(texts(constraintsAfterLoad(of(false), 's'))).toEqual([
      'alter table "s"."do""cs; drop" add constraint "present" NOT NULL title NOT VALID',
    ])
  })
})

describe('indexes', () => {
  const index = (name: string, valid: boolean): TableDefinition['indexes'][number] => ({
    name,
    table: { schema: 'public', name: 'do"cs; drop' },
    method: 'hnsw',
    unique: false,
    definition: ' USING hnsw (embedding public.vector_cosine_ops) WITH (m=8)',
    tablespace: null,
    valid,
    clustered: false,
    statisticsTargets: {},
    comment: null,
  })

  test('can be built with and without holding up writers, and broken ones are not built', () => {
    const good = index('good', true)
    const built = 'index "good" on "side"."do""cs; drop" USING hnsw (embedding public.vector_cosine_ops) WITH (m=8)'
    expect(texts(indexesAfterLoad(table({ indexes: [good, index('half-built', false)] }), 'side'))).toEqual([
      `create ${built}`,
    ])
    expect(createIndex(good, { schema: 'side', name: good.table.name }, 'concurrently').text).toBe(
      `create ${built.replace('index', 'index concurrently')}`,
    )
  })
})

describe('after the swap', () => {
  const grant = (grantor: string, grantee: string | null, privilege: string, grantable = false) => ({
    grantor,
    grantee,
    privilege,
    grantable,
  })
  const granting = (definition: TableDefinition): string[] =>
    texts(finishAfterSwap([definition]).statements).filter((text) => /^(grant|revoke|set)/.test(text))

  test('privileges are granted in the order of the catalogue, by whoever granted them', () => {
    const grants = [
      grant('app', 'app', 'SELECT'),
      grant('app', 'lead', 'SELECT', true),
      grant('app', 'lead', 'INSERT'),
      grant('lead', null, 'SELECT'),
    ]
    expect(granting(table({ grants }))).toEqual([
      'revoke all on table "public"."do""cs; drop" from "app" cascade',
      'grant SELECT on table "public"."do""cs; drop" to "app"',
      'grant INSERT on table "public"."do""cs; drop" to "lead"',
      'grant SELECT on table "public"."do""cs; drop" to "lead" with grant option',
      'set local role "lead"',
      'grant SELECT on table "public"."do""cs; drop" to public',
      'set local role none',
    ])
  })

  test('a grant waits for the one that it rests on', () => {
    const grants = [grant('lead', 'reader', 'SELECT'), grant('app', 'lead', 'SELECT', true)]
    expect(granting(table({ grants })).filter((text) => text.startsWith('grant'))).toEqual([
      'grant SELECT on table "public"."do""cs; drop" to "lead" with grant option',
      'grant SELECT on table "public"."do""cs; drop" to "reader"',
    ])
  })

  test('what is no privilege in a record is never sent', () => {
    const grants = [grant('app', 'lead', 'SELECT on x to y; drop table z; --')]
    expect(() => finishAfterSwap([table({ grants })])).toThrow('is not the name of a privilege')
  })

  test('a foreign key between two tables is added once, unvalidated, after both', () => {
    const foreignKey = {
      name: 'chunk_of',
      from: { schema: 'public', name: 'chunks' },
      to: { schema: 'public', name: 'docs' },
      definition: 'FOREIGN KEY (doc) REFERENCES public.docs(id)',
      validated: true,
      comment: null,
    }
    const soft = { ...foreignKey, name: 'soft', validated: false, definition: `${foreignKey.definition} NOT ENFORCED` }
    const definitions = ['docs', 'chunks'].map((name) =>
      table({ table: { schema: 'public', name }, foreignKeys: [foreignKey, soft], comment: name }),
    )
    const { statements, validations } = finishAfterSwap(definitions)
    const sent = texts(statements)
    expect(sent.filter((text) => text.includes('add constraint'))).toEqual([
      'alter table "public"."chunks" add constraint "chunk_of" FOREIGN KEY (doc) REFERENCES public.docs(id) not valid',
      'alter table "public"."chunks" add constraint "soft" FOREIGN KEY (doc) REFERENCES public.docs(id) NOT ENFORCED',
    ])
    expect(sent.findIndex((text) => text.includes('add constraint'))).toBeGreaterThan(
      sent.indexOf(`comment on table "public"."chunks" is 'chunks'`),
    )
    expect(texts(validations.map(({ statement }) => statement))).toEqual([
      'alter table "public"."chunks" validate constraint "chunk_of"',
    ])
  })

  test('sequences go on where they were, past what a JavaScript number holds', () => {
    const sequence: TableDefinition['sequences'][number] = {
      sequence: { schema: 'public', name: 'docs_id_seq' },
      column: 'id',
      ownedBy: 'serial',
      owner: 'app',
      persistence: 'permanent',
      type: 'bigint',
      start: '1',
      increment: '1',
      min: '1',
      max: '9223372036854775807',
      cache: '1',
      cycle: false,
      lastValue: '9007199254740993',
      isCalled: true,
      comment: null,
      grants: null,
    }
    const sent = texts(finishAfterSwap([table({ sequences: [sequence] })]).statements)
    expect(sent).toContain(`select setval('"public"."docs_id_seq"'::regclass, 9007199254740993, true)`)
    expect(sent).toContain('alter sequence "public"."docs_id_seq" owned by "public"."do""cs; drop"."id"')
  })
})
