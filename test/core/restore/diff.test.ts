import { expect, test } from 'vitest'
import type { ColumnDefinition, ConstraintDefinition, IndexDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { diffTable } from '#core/restore/diff.ts'
import { columnOf, indexOf, tableOf } from '#test/support/definitions.ts'

const table = { schema: 'public', name: 'docs' }
const column = columnOf
const index = (name: string, more: Partial<IndexDefinition> = {}): IndexDefinition => indexOf(name, table, more)
const constraint = (name: string, definition: string): ConstraintDefinition => ({
  name,
  kind: 'check',
  definition,
  validated: true,
  comment: null,
  index: null,
})
const was = tableOf(table, {
  oid: 7,
  columns: [
    column('id', { type: 'bigint', notNull: true }),
    column('body'),
    column('v', { type: 'public.vector(1536)' }),
  ],
  constraints: [constraint('short', 'CHECK (length(body) < 9)')],
  indexes: [index('docs_body_idx')],
  rowSecurity: { enabled: true, forced: false },
})
const [id, body, v] = was.columns as [ColumnDefinition, ColumnDefinition, ColumnDefinition]
const differ = (is: Partial<TableDefinition>) => diffTable(was, { ...structuredClone(was), oid: 9, ...is })

test('a table that is as it was has no drift, whatever its oid', () => {
  expect(differ({})).toEqual({ drift: [], notes: [] })
})

test.each<[what: string, columns: ColumnDefinition[], line: string]>([
  ['dropped', [id, body], 'column "public.docs.v" was dropped'],
  ['added', [id, body, v, column('lang')], 'column "public.docs.lang" was added: text'],
  [
    'given another dimension',
    [id, body, { ...v, type: 'public.vector(3072)' }],
    'column "public.docs.v" was public.vector(1536), is public.vector(3072)',
  ],
  ['made mandatory', [id, { ...body, notNull: true }, v], 'column "public.docs.body" may no longer be null'],
  ['made optional', [{ ...id, notNull: false }, body, v], 'column "public.docs.id" now may be null'],
  [
    'given a default',
    [id, { ...body, default: "'x'::text" }, v],
    `column "public.docs.body" had no default, has the default 'x'::text`,
  ],
  [
    'made generated',
    [id, { ...body, default: 'upper(1)', generated: 'stored' }, v],
    'column "public.docs.body" had no default, has the generated value upper(1) (stored)',
  ],
  [
    'made an identity',
    [{ ...id, identity: 'always' }, body, v],
    'column "public.docs.id" was no identity, is an identity (always)',
  ],
])('a column that was %s is a drift, said in one line', (_, columns, line) => {
  expect(differ({ columns })).toEqual({ drift: [line], notes: [] })
})

test('constraints and unique indexes refuse rows, so that they are a drift', () => {
  const unique = index('docs_body_key', { unique: true, definition: ' USING btree (lower(body))' })
  expect(differ({ constraints: [], indexes: [index('docs_body_idx'), unique] }).drift).toEqual([
    'check "short" of "public.docs" was dropped',
    'unique index "docs_body_key" of "public.docs" USING btree (lower(body)) was added',
  ])
})

test('a constraint of another name that says the same is no drift', () => {
  expect(differ({ constraints: [constraint('brief', 'CHECK (length(body) < 9)')] }).drift).toEqual([])
})

test('row security that is off, or has another policy, is a drift: the snapshot would bring the old one back', () => {
  const policy = {
    name: 'own',
    permissive: true,
    command: 'all',
    roles: [null],
    using: 'true',
    check: null,
    comment: null,
  }
  expect(differ({ rowSecurity: { enabled: false, forced: false }, policies: [policy as never] }).drift).toEqual([
    'row security of "public.docs" was on, is off',
    'policy "own" of "public.docs" was added',
  ])
})

test('an index for speed, an owner or a grant is worth knowing, and no drift', () => {
  const { drift, notes } = differ({ owner: 'other', indexes: [index('docs_body_idx', { valid: false })] })
  expect(drift).toEqual([])
  expect(notes).toEqual([
    'index "docs_body_idx" of "public.docs" USING btree (body) was dropped',
    'invalid index "docs_body_idx" of "public.docs" USING btree (body) was added',
    '"public.docs" has another owner than it had',
  ])
})
