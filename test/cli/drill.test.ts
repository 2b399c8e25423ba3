import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { query } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'
import { cli } from './cli.ts'

let out: string
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'vector-rollback-drill-'))
})
afterEach(() => rm(out, { recursive: true, force: true }))

describe('a drill on the embedded database', () => {
  test('goes through every path and back, and ends with the feature on and a report to open', async () => {
    const { code, stdout } = await cli(['drill', 'pgvector-search', '--json', '--out', out])
    const drill = JSON.parse(stdout)
    expect([code, drill.outcome, drill.path]).toEqual([0, 'drill-passed', null])
    expect(drill.runs.map(({ path }: { path: string }) => path)).toEqual([
      ...['flag', 'partial', 'full', 'restore', 'full', 'purge', 'restore'],
    ])
    // Twice, in the four steps of the ramp.
    expect(drill.steps.filter(({ kind }: { kind: string }) => kind === 're-enable')).toHaveLength(2 * 4)
    const open = drill.checks.filter(({ status }: { status: string }) => status !== 'pass')
    expect(open).toEqual([])
    expect(drill.snapshot.tables.map(({ rows }: { rows: number }) => rows)).toEqual([2000, 2000])
    expect((await readdir(out)).sort()).toEqual(['drill.html', 'drill.json', 'drill.md'])
  })

  test('of one path runs what leads to it, and of a path that there is not, nothing', async () => {
    const { code, stdout } = await cli(['drill', 'pgvector-search', '--path', 'flag', '--json', '--out', out])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'drill-passed', path: 'flag', snapshot: null })
    expect(await cli(['drill', 'pgvector-search', '--path', 'half'])).toMatchObject({ code: 2, stdout: '' })
    const both = await cli(['drill', '--all', 'pgvector-search'])
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('not only "pgvector-search"') })
  })
})

describePostgres('a drill on a server', () => {
  test('makes a database of its own, leaves the one of the URL alone, and leaves none behind', async () => {
    const db = await createDatabase()
    const databases = () =>
      query(db.superuserUrl, `select datname from pg_database where datname like 'vector_rollback_drill_%'`)
    const { code, stderr } = await cli(['drill', 'pgvector-search', '--database-url', db.superuserUrl, '--out', out])
    expect([code, stderr.includes('restore from the snapshot, re-enabled')]).toEqual([0, true])
    expect(await databases()).toEqual([])
    expect(await query(db.superuserUrl, `select to_regclass('public.machines')::text as found`)).toEqual([
      { found: null },
    ])
    await db.drop()
  })
})
