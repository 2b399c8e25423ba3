import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { dumpSchema, query } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'
import { cli } from './cli.ts'

const PLAN = 'pgvector-search'
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

describePostgres('snapshots of a real database', () => {
  const given = useEndpoints()
  let db: TestDatabase
  let state: string
  beforeAll(async () => {
    db = await createDatabase()
    state = await mkdtemp(join(tmpdir(), 'vector-rollback-snapshots-'))
    await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '60'])
  })
  afterAll(async () => {
    await db.drop()
    await rm(state, { recursive: true, force: true })
  })
  const snapshots = (...args: string[]) => cli(['snapshots', ...args, '--state', state])
  /** The plan's tables force row security on their owner, too: it takes a role that sees all rows. */
  const take = (...args: string[]) => snapshots('take', PLAN, '--database-url', db.superuserUrl, ...args)

  test('one is taken while the tables are in service, verified whole, and restored beside them to prove it', async () => {
    const before = await dumpSchema(db)
    const taken = await take('--json')
    expect([taken.code, taken.stderr]).toEqual([0, expect.any(String)])
    const { id, rows, tables, takenAt } = JSON.parse(taken.stdout)
    expect(id).toMatch(/^live-\d{8}T\d{6}Z-[0-9a-f]{6}$/)
    expect(tables.map(({ name }: { name: string }) => name).sort()).toEqual(['document_chunks', 'embeddings'])
    expect(taken.stderr).toMatch(/One transaction stays open .* vacuum cannot remove/)
    expect(await snapshots('list')).toMatchObject({ code: 0, stdout: expect.stringMatching(`${id} .* live .* sealed`) })
    const other = await createDatabase()
    onTestFinished(() => other.drop())
    for (const url of [db.url, other.url]) {
      const deep = await snapshots('verify', id, '--deep', '--database-url', url, '--json')
      expect(deep.code).toBe(0)
      expect(JSON.parse(deep.stdout)).toMatchObject({ intact: true, consistency: 'live', failures: [] })
      expect(deep.stderr).toContain('Compare definitions')
    }
    const text = await snapshots('verify', id, '--deep', '--indexes', '--database-url', other.url)
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining(`${rows} rows in 2 tables`)])
    expect(text.stdout).not.toContain('Not built')
    expect(Date.parse(takenAt)).toBeLessThan(Date.now() + 60_000)
    expect(await dumpSchema(db)).toBe(before)
  })

  test('that of a full rollback stands beside it; parts of an open retirement are never swept', async () => {
    const run = (path: string) =>
      cli([
        'run',
        PLAN,
        '--path',
        path,
        '--local',
        '--database-url',
        db.url,
        '--state',
        state,
        '--confirm',
        PLAN,
        '--no-watch',
      ])
    expect((await run('full')).code).toBe(0)
    const { snapshots: listed } = JSON.parse((await snapshots('list', '--json')).stdout)
    const retired = listed.find(({ consistency }: { consistency: string }) => consistency === 'retired')
    expect(retired).toMatchObject({ plan: PLAN, state: 'sealed' })
    expect(await snapshots('verify', retired.id, '--deep', '--database-url', db.url)).toMatchObject({ code: 0 })
    expect(await snapshots('sweep', '--confirm', '--database-url', db.url)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/nothing to delete/),
    })
    expect(await take()).toMatchObject({ code: 3, stderr: expect.stringContaining('public.embeddings') })
    expect((await run('restore')).code).toBe(0)
    // Nine processes one after the other, two of them whole runs.
  }, 180_000)

  test('a role that row security binds is refused, with the tables: a part of the rows is no snapshot', async () => {
    const refused = await snapshots('take', PLAN, '--database-url', db.url)
    expect([refused.code, refused.stdout]).toEqual([3, ''])
    expect(refused.stderr).toContain('Snapshot.RowsHidden')
    expect(refused.stderr).toContain('"public.embeddings"')
  })

  test('the wrong database is refused before anything is written: exit code 3', async () => {
    const other = await createDatabase()
    onTestFinished(() => other.drop())
    const fresh = join(state, 'fresh')
    const refused = await cli(['snapshots', 'take', PLAN, '--database-url', other.url, '--state', fresh])
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('Database.WrongOne')])
    expect((await cli(['snapshots', 'list', '--state', fresh])).stdout).toContain('No snapshots')
  })

  test('one that is killed leaves no transaction and no snapshot; the next one has an id of its own', async () => {
    const { url, faults } = given().endpoints
    const bucket = 'killed-while-taken'
    await createBucket(url, bucket)
    const at = ['--bucket', bucket, '--environment', 'test']
    const heal = faults.add({ service: 's3', key: /\.copy\.zst$/, fault: { blackHole: true } })
    const child = spawn(process.execPath, [main, 'snapshots', 'take', PLAN, '--database-url', db.superuserUrl, ...at], {
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    const open = async (what: string) =>
      (
        await query(
          db.superuserUrl,
          `select from pg_stat_activity where datname = current_database()
             and application_name = 'vector-rollback:${PLAN}:0:${what}'`,
        )
      ).length
    // Both connections of the copy are at work, beside the one that keeps the moment.
    await expect.poll(() => open('live-part'), { timeout: 60_000 }).toBe(2)
    expect(await open('live-snapshot')).toBe(1)
    child.kill('SIGKILL')
    await ended
    heal()
    await expect
      .poll(async () => (await open('live-part')) + (await open('live-snapshot')), { timeout: 30_000 })
      .toBe(0)
    const left = JSON.parse((await cli(['snapshots', 'list', ...at, '--json'])).stdout).snapshots
    expect(left).toMatchObject([{ state: 'not sealed' }])
    expect(await cli(['snapshots', 'take', PLAN, '--database-url', db.superuserUrl, ...at])).toMatchObject({ code: 0 })
    const after = JSON.parse((await cli(['snapshots', 'list', ...at, '--json'])).stdout).snapshots
    expect(after.map(({ state }: { state: string }) => state).sort()).toEqual(['not sealed', 'sealed'])
  })
})
