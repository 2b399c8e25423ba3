import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { captureTables } from '#core/ddl/capture.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { loadPlan } from '#core/plan/load.ts'
import type { Preview } from '#core/preview/model.ts'
import { query, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli, linesOf } from './cli.ts'

let plans: string
beforeAll(async () => {
  plans = await mkdtemp(join(tmpdir(), 'vector-rollback-init-'))
})
afterAll(() => rm(plans, { recursive: true, force: true }))

const init = (name: string, url: string, ...more: string[]) =>
  cli(['plan', 'init', name, '--from-database', url, '--plans', plans, ...more])

describePostgres('a first plan from a live database', () => {
  let db: TestDatabase
  let app: string
  let reader: string
  let written: Awaited<ReturnType<typeof cli>>
  const folder = () => join(plans, 'doc-search')

  beforeAll(async () => {
    db = await createDatabase()
    app = db.role('app')
    reader = db.role('reader')
    await run(db.url, [
      `create role ${app} login; create role ${reader} login; grant ${app} to ${db.master}`,
      `grant create on database ${db.name} to ${app}; grant create, usage on schema public to ${app}`,
    ])
    const schema = await readFile(new URL('./plan-init-schema.sql', import.meta.url), 'utf8')
    await run(db.urlOf(app), [schema.replaceAll(':reader', reader).replaceAll(':app', app)])
    written = await init('doc-search', db.url)
  })
  afterAll(() => db.drop())

  const preview = async (path: string): Promise<Preview> => {
    const { stdout, stderr } = await cli([
      'plan',
      'preview',
      folder(),
      '--path',
      path,
      '--database-url',
      db.url,
      '--json',
    ])
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }

  test('passes plan check as it is written, and says what is left to people', async () => {
    expect(written.stderr).toBe('')
    expect(written.code).toBe(0)
    expect(written.stdout).toContain('a plan for "Search App"."Doc Chunks", public.images of ')
    expect(written.stdout).toMatch(/Fill in:\n- contacts: /)
    expect(linesOf(written.stdout)).toBeLessThan(24)
    expect(await cli(['plan', 'check', folder()])).toMatchObject({ code: 0 })
    const readme = await readFile(join(folder(), 'README.md'), 'utf8')
    for (const line of written.stdout.match(/^- .*$/gm) ?? []) expect(readme).toContain(line)
  })

  test('protects the tables with vectors, proposes the application role, and names what goes along', async () => {
    const plan = await loadPlan(folder())
    expect(plan.protects.tables).toEqual([
      { schema: 'Search App', name: 'Doc Chunks' },
      { schema: 'public', name: 'images' },
    ])
    expect(plan.paths.full?.allow).toEqual(['view public."Recent images"'])
    expect(plan.flags.DOC_SEARCH_ENABLED?.parameter).toBe('/app/{env}/DOC_SEARCH_ENABLED')
    expect(plan.checks['readable-doc-chunks']).toMatchObject({ as: reader })
    expect(plan.contacts.dba?.name).toContain('FILL IN')
  })

  test.each(['partial', 'full'])('previews the path %s on that database at once', async (path) => {
    expect(await preview(path)).toMatchObject({ destroys: 'nothing', refusals: [] })
  })

  test('has probes and checks that answer there, the row security of tenants included', async () => {
    const { code, stdout } = await cli(['probe', folder(), '--database-url', db.superuserUrl, '--json'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('row-security-gap')])
    await run(db.superuserUrl, ['alter table "Search App"."Doc Chunks" no force row level security'])
    try {
      const gap = await cli(['probe', folder(), '--database-url', db.superuserUrl])
      expect([gap.code, gap.stdout]).toEqual([3, expect.stringMatching(/row-security-gap.*\b1\b/)])
    } finally {
      await run(db.superuserUrl, ['alter table "Search App"."Doc Chunks" force row level security'])
    }
  })

  test('is drilled as it is, by rows that nobody has', async () => {
    const { code, stdout, stderr } = await cli(['drill', folder(), '--path', 'restore', '--out', join(plans, '.drill')])
    expect({ code, stderr: code === 0 ? '' : stderr.slice(-3000) }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('drill-passed: doc-search')
    expect(stderr).not.toContain('No generated row fits')
  }, 180_000)

  test('has a fixture with the tables of that database, to the last comment, and rows of its own', async () => {
    const plan = await loadPlan(folder())
    const definitions = (url: string) =>
      postgres({ url }).session({ applicationName: 'test' }, async (session) =>
        (await captureTables(session, plan.protects.tables)).map(({ oid: _, sequences, ...definition }) => ({
          ...definition,
          sequences: sequences.map(({ lastValue: _last, isCalled: _called, ...sequence }) => sequence),
        })),
      )
    const empty = await createDatabase()
    try {
      const fixture = await fixtureOf(folder())
      await postgres({ url: empty.superuserUrl }).session({ applicationName: 'test' }, (session) =>
        fixture.load(session, { rows: 12 }),
      )
      expect(await definitions(empty.superuserUrl)).toEqual(await definitions(db.superuserUrl))
      expect(
        await query(
          empty.superuserUrl,
          `select (select count(*)::int from "Search App"."Doc Chunks") as chunks, count(*)::int as images,
             count(distinct chunk_id)::int as chosen, (select count(*)::int from public."Recent images") as seen from public.images`,
        ),
      ).toEqual([{ chunks: 12, images: 12, chosen: 12, seen: 12 }])
    } finally {
      await empty.drop()
    }
  })

  test('has nothing of a real row in any of its files', async () => {
    const files = await readdir(folder(), { recursive: true, withFileTypes: true })
    const texts = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
    )
    expect(texts.length).toBeGreaterThan(10)
    for (const real of ['Acme', 'salaries', 'hunter2', '6f9619ff', '7001', '[1,2,3'])
      expect(texts.filter((text) => text.includes(real))).toEqual([])
  })

  test('may be asked by a role that owns nothing and reads no table, once it may see the sequences', async () => {
    const viewer = db.role('viewer')
    await run(db.url, [`create role ${viewer} login`])
    const refused = await init('by-a-viewer', db.urlOf(viewer))
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/^error PlanInit\.MayNotLook\n.*\nfix Ask as/),
    ])
    const grants = ['"Search App"', 'public'].map(
      (schema) =>
        `grant usage on schema ${schema} to ${viewer}; grant select on all sequences in schema ${schema} to ${viewer}`,
    )
    await run(db.superuserUrl, grants)
    const before = await query(db.superuserUrl, 'select count(*)::int as relations from pg_class')
    expect(await init('by-a-viewer', db.urlOf(viewer))).toMatchObject({ code: 0, stderr: '' })
    expect(await query(db.superuserUrl, 'select count(*)::int as relations from pg_class')).toEqual(before)
  })

  test('an existing folder is not overwritten, whatever is in it', async () => {
    const mine = join(plans, 'mine')
    await mkdir(mine)
    await writeFile(join(mine, 'notes.md'), 'mine')
    const refused = await init('mine', db.url)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/^error PlanInit\.Exists\n.*\nfix Nothing was written\./)
    expect(await readdir(mine)).toEqual(['notes.md'])
  })

  test('names what the tables need and its fixture has not, so that nobody wonders why a drill fails', async () => {
    const { code, stdout } = await init('places', db.url, '--tables', 'public.places')
    expect([code, stdout]).toEqual([0, expect.stringContaining('fixture/schema.sql: "type public.corner"')])
  })

  test('takes the tables that are named, and says which name was meant', async () => {
    expect(await init('images-alone', db.url, '--tables', 'public.images')).toMatchObject({ code: 0 })
    expect((await loadPlan(join(plans, 'images-alone'))).protects.tables).toEqual([
      { schema: 'public', name: 'images' },
    ])
    const refused = await init('typo', db.url, '--tables', 'public.image,"Search App"."Doc Chunks"')
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/^error PlanInit\.NoSuchTable\n.*"public\.image".*\nfix Did you mean public\.images\?/),
    ])
    expect(await readdir(plans)).not.toContain('typo')
  })
})

describePostgres('a database that a plan cannot be made of', () => {
  const databases: TestDatabase[] = []
  afterAll(() => Promise.all(databases.map((db) => db.drop())))
  const database = async (extension: boolean) => {
    const db = await createDatabase({ extension })
    databases.push(db)
    return db
  }

  test('is named where it has no pgvector', async () => {
    const db = await database(false)
    const { code, stdout, stderr } = await init('nothing', db.url)
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(
      /^error PlanInit\.NoExtension\n.* has no extension "vector"\.\nfix Check the name of the database/,
    )
  })

  test('is named where it has no table, and where none has vectors', async () => {
    const db = await database(true)
    const empty = await init('nothing', db.url)
    expect(empty).toMatchObject({ code: 3, stderr: expect.stringContaining('It has no tables at all') })
    await run(db.url, ['create table public.invoices (id int)'])
    const { code, stderr } = await init('nothing', db.url)
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^error PlanInit\.NoVectorTables\n.*\nfix .*--tables public\./),
    ])
    expect(await readdir(plans)).not.toContain('nothing')
  })

  test('is refused before anything is asked where the name cannot be a plan', async () => {
    const { code, stderr } = await init('Not_a_plan', 'postgresql://nobody@127.0.0.1:1/none')
    expect([code, stderr]).toEqual([2, expect.stringContaining('"Not_a_plan" is not a plan name')])
  })
})
