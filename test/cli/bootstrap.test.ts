import { afterEach, beforeEach, expect, test } from 'vitest'
import { query, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli } from './cli.ts'

const PLAN = 'pgvector-search'
const TABLES = ['machines', 'document_chunks', 'embeddings']

describePostgres('the bootstrap', () => {
  let db: TestDatabase
  let product: string
  beforeEach(async () => {
    db = await createDatabase()
    product = db.role('product')
    expect(await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '5'])).toMatchObject({ code: 0 })
    const owner = db.role('owner')
    await run(db.url, [
      `create role ${product} login; create role ${owner}; grant ${owner} to ${db.master}`,
      `grant create on schema public to ${owner}`,
      ...TABLES.map((table) => `alter table public.${table} owner to ${owner}`),
    ])
  })
  afterEach(() => db.drop())

  const bootstrap = (...more: string[]) => cli(['bootstrap', PLAN, '--database-url', db.url, ...more])
  const full = () => cli(['plan', 'preview', PLAN, '--path', 'full', '--database-url', db.urlOf(product)])
  const prepared = () =>
    query(db.superuserUrl, `select to_regclass('vector_rollback_retired.retirements') is not null as there`)

  test('prints statements that a master user can run as they are, and changes nothing itself', async () => {
    expect(await full()).toMatchObject({ code: 3 })
    const { code, stdout, stderr } = await bootstrap('--sql', '--role', product)
    expect([code, stderr]).toEqual([0, ''])
    expect(await prepared()).toEqual([{ there: false }])
    await run(db.url, [stdout])
    expect(await full()).toMatchObject({ code: 0 })
  })

  test('runs them when asked to, and then nothing is missing', async () => {
    expect(await bootstrap('--apply', '--role', product)).toMatchObject({ code: 0 })
    const { code, stdout } = await full()
    expect(code).toBe(0)
    expect(stdout).not.toContain('Prepare the database')
    expect(stdout).not.toContain('may not become')
    const again = await cli(['bootstrap', PLAN, '--database-url', db.urlOf(product)])
    expect(again).toEqual({ code: 0, stdout: '', stderr: 'Nothing is missing.\n' })
  })

  test('of tables that the master itself owns is possible until PostgreSQL 15, and refused with a way out after it', async () => {
    await run(
      db.url,
      TABLES.map((table) => `alter table public.${table} owner to ${db.master}`),
    )
    const [server] = await query(db.url, `select current_setting('server_version_num')::int >= 160000 as later`)
    const { code, stdout, stderr } = await bootstrap('--apply', '--role', product)
    if (server?.later) {
      expect([code, stdout]).toEqual([3, ''])
      expect(stderr).toMatch(/^error Retire\.NotGrantable\n/)
      expect(stderr).toContain(`let the product be "${db.master}", or give the tables to a role`)
      expect((await full()).stdout).toContain(`Only a superuser can grant "${db.master}"`)
    } else {
      expect(code).toBe(0)
      expect(await full()).toMatchObject({ code: 0 })
    }
  })

  test('prints the smallest first, and for what: containment asks for nothing, a partial path moves nothing', async () => {
    const { stdout } = await bootstrap('--sql', '--role', product)
    const headings = stdout.split('\n').filter((line) => line.startsWith('--'))
    expect(headings.map((line) => line.split(/[:.]/)[0])).toEqual([
      '-- For containment',
      '-- For probes, checks and evidence',
      '-- For the path partial',
      '-- For the paths full and purge',
      '-- For the path restore',
    ])
    const probes = await bootstrap('--sql', '--role', product, '--for', 'probes')
    expect(stdout.startsWith(probes.stdout)).toBe(true)
    expect(probes.stdout).not.toMatch(/create|schema/)
    await run(db.url, [probes.stdout])
    const dropsAnIndex = () =>
      run(db.urlOf(product), ['begin', 'drop index public.document_chunks_search_idx', 'rollback'])
    await expect(dropsAnIndex()).rejects.toThrow(/owner/)

    expect(await bootstrap('--apply', '--role', product, '--for', 'partial')).toMatchObject({ code: 0 })
    await dropsAnIndex()
    expect(await prepared()).toEqual([{ there: false }])
    expect(await full()).toMatchObject({ code: 3 })

    expect(await bootstrap('--apply', '--role', product, '--for', 'full')).toMatchObject({ code: 0 })
    expect(await full()).toMatchObject({ code: 0 })
    expect((await bootstrap('--sql', '--for', 'nothing')).code).toBe(2)
  })

  test('prints what a restore needs beyond a retirement, and only while it is missing', async () => {
    const { stdout } = await bootstrap('--sql', '--role', product)
    expect(stdout).toContain(`grant create on database "${db.name}" to "${product}";`)
    await run(db.url, [stdout])
    const again = await bootstrap('--sql', '--role', product)
    expect(again.stdout).not.toContain('on database')
  })

  test('asks for one of printing and running', async () => {
    const { code, stderr } = await bootstrap('--sql', '--apply')
    expect(code).toBe(2)
    expect(stderr).toContain("option '--sql' cannot be used with option '--apply'")
  })

  test('is refused for a role that does not exist, and for tables that are gone', async () => {
    const missing = await bootstrap('--role', db.role('missing'))
    expect(missing.code).toBe(3)
    expect(missing.stderr).toContain(`fix Run: create role "${db.role('missing')}" login;`)
    await run(db.url, ['drop table public.embeddings'])
    const gone = await bootstrap('--role', product)
    expect(gone.code).toBe(3)
    expect(gone.stderr).toMatch(/^error Bootstrap\.NoSuchTable\nThere is no table "public\.embeddings"/)
  })

  test('is refused in the wrong database', async () => {
    await run(db.url, [`comment on database ${db.name} is 'billing'`])
    const { code, stderr } = await bootstrap('--apply', '--role', product)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error Database\.WrongOne\n/)
    expect(await prepared()).toEqual([{ there: false }])
  })
})
