import { describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { ConstraintDefinition, ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { keyColumns, makeRows } from '#core/plan-init/fixture-rows.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'
import { columnOf, tableOf } from '#test/support/definitions.ts'
import { DOCS } from './facts.ts'

const TENANTS = { schema: 'public', name: 'tenants' }
const key = (definition: string, more: Partial<ForeignKeyDefinition> = {}): ForeignKeyDefinition => ({
  name: 'k',
  from: DOCS,
  to: TENANTS,
  definition,
  validated: true,
  comment: null,
  ...more,
})
const check = (definition: string): ConstraintDefinition => ({
  name: 'c',
  kind: 'check',
  definition,
  validated: true,
  comment: null,
  index: null,
})
const integer = { type: 'integer', typeName: { schema: 'pg_catalog', name: 'int4' } } as const

describe('the columns of a foreign key', () => {
  test.each([
    ['FOREIGN KEY (a) REFERENCES public.tenants(id)', ['a'], ['id']],
    [
      'FOREIGN KEY ("A, ""b""", c) REFERENCES public."T en"("X", y) ON DELETE SET NULL (c)',
      ['A, "b"', 'c'],
      ['X', 'y'],
    ],
  ])('%s', (definition, columns, references) => {
    expect(keyColumns(key(definition))).toEqual([{ to: TENANTS, columns, references }])
  })
})

test('no row is made where a column needs a type that no value is known of', () => {
  const column = columnOf('place', { type: 'public.geometry', typeName: { schema: 'public', name: 'geometry' } })
  expect(makeRows(tableOf(DOCS, { columns: [{ ...column, notNull: true }] }), [])).toBeNull()
  expect(makeRows(tableOf(DOCS, { columns: [column] }), [])?.text).toContain('select null')
})

describePostgres('generated rows', () => {
  test('rows that a constraint does not allow are left out, and all others made', async () => {
    const db = await createDatabase({ extension: false })
    try {
      await postgres({ url: db.superuserUrl }).session({ applicationName: 'test' }, async (session) => {
        await session.script(`
        create table public.tenants (region text, id int, primary key (region, id));
        insert into public.tenants values ('eu', 1), ('us', 2);
        create table public.docs (id int check (id <= 7), region text, tenant int, label varchar(3) unique,
          state varchar(8) check (state in ('it''s', 'b')), size int check (size > 100));
        select pg_catalog.set_config('vector_rollback.rows', '9', false)`)
        const definition = tableOf(DOCS, {
          columns: [
            columnOf('id', { ...integer, notNull: true }),
            columnOf('region', { notNull: true }),
            columnOf('tenant', { ...integer, notNull: true }),
            columnOf('label', { type: 'character varying(3)', notNull: true }),
            columnOf('state', { type: 'character varying(8)', notNull: true }),
            columnOf('size', integer),
          ],
          constraints: [
            check(
              "CHECK (((state)::text = ANY ((ARRAY['it''s'::character varying, 'b'::character varying])::text[])))",
            ),
          ],
          foreignKeys: [key('FOREIGN KEY (region, tenant) REFERENCES public.tenants(region, id)')],
        })
        await session.query(makeRows(definition, []) ?? { text: '', values: [] })
        const { rows } = await session.query({ text: 'select * from public.docs order by id', values: [] })
        expect(rows).toHaveLength(7)
        expect(rows[0]).toEqual({ id: 1, region: 'eu', tenant: 1, label: '1', state: "it's", size: null })
        expect(rows[1]).toMatchObject({ region: 'us', tenant: 2 })
      })
    } finally {
      await db.drop()
    }
  })
})
