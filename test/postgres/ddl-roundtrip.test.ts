import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { captureTables } from '#core/ddl/capture.ts'
import {
  constraintsAfterLoad,
  copyColumns,
  createForLoad,
  finishAfterSwap,
  indexesAfterLoad,
} from '#core/ddl/render.ts'
import { findUncapturable } from '#core/ddl/unsupported.ts'
import { validateForeignKeys } from '#core/ddl/validate.ts'
import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'
import { createOddDatabase, dumpSchema, type OddDatabase, run, tables } from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

/** As a restore does it: load into a side schema, drop what is there, move in, finish. */
async function replaceTables(session: Session): Promise<void> {
  const definitions = await captureTables(session, tables)
  const all = async (statements: readonly Sql[]) => {
    for (const statement of statements) await session.query(statement)
  }
  const { statements, validations } = finishAfterSwap(definitions)
  const foreignKeys = validations.map(({ foreignKey }) => foreignKey)
  await session.transaction(async () => {
    await session.query(sql`create schema side`)
    for (const definition of definitions) {
      const { schema, name } = definition.table
      const columns = sql.join(copyColumns(definition).map((column) => sql.id(column)))
      await all([
        ...createForLoad(definition, 'side'),
        // As a retirement leaves it: its owner may read all of it.
        sql`alter table ${sql.id(schema, name)} no force row level security`,
        sql`grant all on ${sql.id(schema, name)} to ${sql.id(definition.owner)}`,
        sql`insert into ${sql.id('side', name)} (${columns}) select ${columns} from ${sql.id(schema, name)}`,
        ...constraintsAfterLoad(definition, 'side'),
        ...indexesAfterLoad(definition, 'side'),
      ])
    }
    await session.query(sql`drop table ${sql.join(tables.map(({ schema, name }) => sql.id(schema, name)))} cascade`)
    await all(tables.map(({ schema, name }) => sql`alter table ${sql.id('side', name)} set schema ${sql.id(schema)}`))
    await all([...statements, sql`drop schema side`])
  })
  expect(await validateForeignKeys(session, foreignKeys, realClock)).toEqual([])
}

describePostgres('a table that is captured, dropped and made anew', () => {
  let db: OddDatabase

  beforeEach(async () => {
    db = await createOddDatabase()
  })
  afterEach(() => db.drop())

  const withSession = <T>(url: string, work: (session: Session) => Promise<T>): Promise<T> =>
    postgres({ url }).session({ applicationName: 'ddl-roundtrip' }, work)

  test.each([
    ['a superuser', () => db.superuserUrl],
    ['the role that the bootstrap made', () => db.urlOf(db.product)],
  ])('has the same pg_dump to the byte, by %s', async (_, url) => {
    await run(db.url, [`grant create on database ${db.name} to ${db.product}`])
    const before = await dumpSchema(db)
    expect(before).toContain('CREATE POLICY')
    await withSession(url(), replaceTables)
    expect(await dumpSchema(db)).toBe(before)
  })

  test('has its sequences where they were, and the same definition but for its oid', async () => {
    const [before, after] = await withSession(db.superuserUrl, async (session) => {
      const captured = await captureTables(session, tables)
      await replaceTables(session)
      return [captured, await captureTables(session, tables)]
    })
    const timeless = (definitions: typeof before) => definitions?.map(({ oid: _, ...definition }) => definition)
    expect(before?.[1]?.sequences).toMatchObject([{ lastValue: '4711', isCalled: false }])
    expect(timeless(after)).toEqual(timeless(before))
  })

  test('gets no privileges from ALTER DEFAULT PRIVILEGES that it did not have', async () => {
    const before = await dumpSchema(db)
    const defaults = `alter default privileges grant all on tables to public; alter default privileges grant usage on sequences to ${db.app}`
    await run(db.superuserUrl, [defaults])
    await withSession(db.superuserUrl, replaceTables)
    await run(db.superuserUrl, [defaults.replaceAll('grant', 'revoke').replaceAll(' to ', ' from ')])
    expect(await dumpSchema(db)).toBe(before)
  })

  test('is called complete only where nothing hangs on it that would be lost', async () => {
    expect(await withSession(db.superuserUrl, (session) => findUncapturable(session, tables))).toEqual([])
    await run(db.superuserUrl, [
      'create view public.recent as select id from public.docs',
      'create materialized view public.counted as select count(*) from public.docs',
      'create function public.one() returns bigint language sql begin atomic select id from public.docs limit 1; end',
      'create function public.takes(public.docs) returns int language sql as $$ select 1 $$',
      'create table public.keeps_row (doc public.docs)',
      `create table public.borrows (id int default nextval('public.queue_id_seq'))`,
      'create table public.heir () inherits (public.queue)',
      'create publication "App; pub" for table public.docs',
      'create policy by_docs on public.tenants using (exists (select from public.docs))',
      `create function public.watch() returns event_trigger language plpgsql as 'begin end'`,
      'create event trigger watch on ddl_command_end execute function public.watch()',
    ])
    const found = await withSession(db.superuserUrl, (session) => findUncapturable(session, tables))
    expect(found.map(({ object }) => object)).toEqual(
      expect.arrayContaining([
        'view public.recent',
        'materialized view public.counted',
        'function public.one()',
        'function public.takes(public.docs)',
        'table column public.keeps_row.doc',
        'default value for public.borrows.id',
        'table public.queue',
        'publication "App; pub"',
        'policy by_docs on public.tenants',
        'event trigger watch',
      ]),
    )
  })
})
