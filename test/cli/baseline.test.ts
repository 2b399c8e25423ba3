import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Compared } from '#core/baseline/compare.ts'
import { query } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli } from './cli.ts'

const PLAN = 'pgvector-search'

describePostgres('the baseline of a real database', () => {
  let db: TestDatabase
  let state: string
  beforeAll(async () => {
    db = await createDatabase()
    state = await mkdtemp(join(tmpdir(), 'vector-rollback-baseline-'))
    await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '60'])
    expect((await record()).code).toBe(0)
  })
  afterAll(async () => {
    await db.drop()
    await rm(state, { recursive: true, force: true })
  })
  /** The plan's tables force row security on their owner, too: it takes a role that sees all rows. */
  const baseline = (verb: string, ...args: string[]) =>
    cli(['baseline', verb, PLAN, '--state', state, '--database-url', db.superuserUrl, '--runs', '5', ...args])
  const record = (...args: string[]) => baseline('record', ...args)
  const compare = async (...args: string[]) => {
    const ended = await baseline('compare', '--json', ...args)
    const { compared } = JSON.parse(ended.stdout) as { compared: Compared[] }
    return {
      ...ended,
      of: (kind: string, what: string) => compared.find((one) => one.kind === kind && one.what === what),
    }
  }

  test('has what probes say and take, rows, bytes of tables and indexes, and memory', async () => {
    const ended = await record('--name', 'full', '--json')
    expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([
      0,
      {
        key: `baselines/${PLAN}/full.json`,
        environment: 'local',
        signals: { 'no-results': { p50: expect.any(Number), samples: 4 }, 'cross-tenant-leak': { p50: 0, p95: 0 } },
        timings: {
          'sql/vector-search.sql as pgvector_search_app': { p50: expect.any(Number), samples: 4 },
          'sql/fallback-search.sql as pgvector_search_app': { samples: 4 },
        },
        settings: { shared_buffers: expect.stringMatching(/^\d+MB$/), maintenance_work_mem: expect.any(String) },
        unmeasured: {},
      },
    ])
    const { tables } = JSON.parse(ended.stdout)
    const count = async (table: string) =>
      Number((await query(db.superuserUrl, `select count(*) as n from ${table}`))[0]?.n)
    for (const { schema, name, rows, bytes, indexes } of tables) {
      expect([schema, rows]).toEqual(['public', await count(name)])
      expect(bytes).toBeGreaterThan(0)
      expect(indexes.length).toBeGreaterThan(0)
    }
    expect(tables.map(({ name }: { name: string }) => name)).toEqual(['document_chunks', 'embeddings'])
  })

  test('is refused a second time under the same name, unless it is replaced', async () => {
    expect(await record()).toMatchObject({ code: 3, stderr: expect.stringContaining('--replace') })
    expect((await record('--replace')).code).toBe(0)
  })

  test('compared with itself is within its limits', async () => {
    const { code, of } = await compare()
    expect(code).toBe(0)
    expect(of('rows', 'public.embeddings')).toMatchObject({ percent: 0, verdict: 'within' })
    expect(of('signal', 'no-results')).toMatchObject({ limit: { below: 1 }, verdict: 'within' })
    expect((await baseline('compare')).stdout).toContain('Within every limit.')
  })

  test('shows what has changed since, and ends with 3 when a signal is beyond its limit', async () => {
    await query(db.superuserUrl, 'drop index public.embeddings_embedding_idx')
    await query(db.superuserUrl, 'alter table public.embeddings no force row level security')
    const { code, of } = await compare()
    expect(code).toBe(3)
    expect(of('signal', 'row-security-gap')).toMatchObject({ recorded: 0, measured: 1, verdict: 'exceeded' })
    expect(of('bytes', 'index public.embeddings_embedding_idx')).toMatchObject({ measured: null })
    const text = await baseline('compare')
    expect(text).toMatchObject({ code: 3, stdout: expect.stringMatching(/row-security-gap .*at most 0 .*EXCEEDED/) })
    expect(text.stdout).toContain('gone')
  })

  test('of another database is refused', async () => {
    const other = await createDatabase()
    try {
      const args = ['--state', state, '--database-url', other.superuserUrl]
      expect((await cli(['baseline', 'compare', PLAN, ...args])).code).not.toBe(0)
    } finally {
      await other.drop()
    }
  })

  test('that was never recorded names the command that records it', async () => {
    expect(await baseline('compare', '--name', 'release-42')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`vector-rollback baseline record ${PLAN} --name release-42`),
    })
  })

  test('needs something to measure', async () => {
    const ended = await cli(['baseline', 'record', PLAN, '--state', state, '--name', 'nothing'])
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--metrics') })
  })
})

test('the report of a state folder in which nothing was decided says so', async () => {
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-observe-'))
  try {
    await cli([
      'snapshots',
      'take',
      PLAN,
      '--database-url',
      'postgresql://nobody@127.0.0.1:1/nothing',
      '--state',
      state,
    ])
    const ended = await cli(['observe', 'report', PLAN, '--state', state, '--since', '30d'])
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('No alarm of the plan was decided about.') })
  } finally {
    await rm(state, { recursive: true, force: true })
  }
})
