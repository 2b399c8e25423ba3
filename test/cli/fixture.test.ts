import { afterEach, beforeEach, expect, test } from 'vitest'
import { query, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli, linesOf } from './cli.ts'

describePostgres('the fixture', () => {
  let db: TestDatabase
  beforeEach(async () => {
    db = await createDatabase()
  })
  afterEach(() => db.drop())

  const load = (...more: string[]) => cli(['fixture', 'pgvector-search', '--database-url', db.url, ...more])
  const relations = () =>
    query(
      db.superuserUrl,
      `select oid::regclass::text as name from pg_class where oid >= 16384 and relkind in ('r', 'v') order by 1`,
    )

  test('makes the system of the drill, which the plan then takes for its own', async () => {
    const loaded = await load('--rows', '30')
    expect(loaded).toMatchObject({ code: 0, stdout: expect.stringContaining('30 rows in its largest table') })
    expect(await query(db.superuserUrl, 'select count(*)::int as rows from public.embeddings')).toEqual([{ rows: 30 }])
    const seen = await cli(['plan', 'preview', 'pgvector-search', '--path', 'flag', '--database-url', db.url])
    expect(seen.code).toBe(0)
  })

  test('is refused where there is a table already, and changes nothing', async () => {
    await run(db.url, ['create table public.invoices (id int)'])
    const { code, stdout, stderr } = await load()
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^error Fixture\.NotEmpty\n.* has "public\.invoices"\.\nfix Nothing was changed\./)
    expect(linesOf(stderr)).toBeLessThan(24)
    expect(await relations()).toEqual([{ name: 'invoices' }])
  })

  test('is refused twice: the first one is not written over', async () => {
    expect(await load('--rows', '5')).toMatchObject({ code: 0 })
    const before = await relations()
    expect(await load('--rows', '5')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/"public\.\w+" and 5 more/),
    })
    expect(await relations()).toEqual(before)
  })
})
