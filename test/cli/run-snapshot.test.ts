import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plansWithoutWaiting } from '#test/faults/stages.ts'
import { dumpSchema, query, run as statements } from '#test/postgres/ddl-roundtrip-schema.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli } from './cli.ts'

const PLAN = 'pgvector-search'
const ROWS = `select md5(string_agg(e::text, ',' order by id)) as digest, count(*)::int as n from public.embeddings e`

describePostgres('run --path restore --snapshot', () => {
  let db: TestDatabase
  let state: string
  let plans: string
  let snapshot: string
  let schema: string
  let good: unknown
  const at = (...command: string[]) => cli([...command, '--plans', plans, '--database-url', db.url, '--state', state])
  const run = (path: string, ...more: string[]) =>
    at('run', PLAN, '--path', path, '--local', '--confirm', PLAN, '--json', '--no-watch', ...more)

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'vector-rollback-snapshot-'))
    plans = await plansWithoutWaiting()
    db = await createDatabase()
    await cli(['fixture', PLAN, '--database-url', db.url, '--rows', '40'])
    schema = await dumpSchema(db)
    good = await query(db.superuserUrl, ROWS)
    snapshot = JSON.parse((await run('full')).stdout).incident
    expect((await run('restore')).code).toBe(0)
    await statements(db.superuserUrl, [
      'delete from public.embeddings where id in (select id from public.embeddings order by id limit 10)',
      `update public.embeddings set model = 'wrong' where id in (select id from public.embeddings order by id limit 6)`,
    ])
  })
  afterAll(async () => {
    await rm(state, { recursive: true, force: true })
    await rm(dirname(plans), { recursive: true, force: true })
    await db.drop()
  })

  test('belongs to the path restore: exit code 2, and nothing is done', async () => {
    for (const option of [['--snapshot', snapshot], ['--accept-drift']]) {
      const { code, stdout, stderr } = await run('full', ...option)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain('--path restore')
    }
  })

  test('the preview says what stands there, what would be asked, and which statements set it aside', async () => {
    const { code, stdout } = await at('plan', 'preview', PLAN, '--path', 'restore', '--snapshot', snapshot)
    expect(code).toBe(0)
    expect(stdout).toContain(`Restore snapshot "${snapshot}"`)
    expect(stdout).toContain('Set aside what is there, in one transaction')
    expect(stdout).toMatch(/alter table "public"\."embeddings" rename to "r/)
    expect(stdout).toMatch(/replace: team-lead; one person, within 1h\n.*"public\.embeddings" \(about \d+ rows\)/)
  })

  test('the preview of a drift is refused with 3 and the diff, and shows it to who accepts it', async () => {
    await statements(db.url, ['alter table public.embeddings add column extra text'])
    const command = ['plan', 'preview', PLAN, '--path', 'restore', '--snapshot', snapshot]
    const refused = await at(...command)
    expect(refused.code).toBe(3)
    expect(refused.stdout).toContain('column "public.embeddings.extra" was added: text')
    const accepted = await at(...command, '--accept-drift')
    expect(accepted.code).toBe(0)
    expect(accepted.stdout).toContain('1 difference: column "public.embeddings.extra" was added: text')
    await statements(db.url, ['alter table public.embeddings drop column extra'])
  })

  test('nobody approves: exit code 6, the numbers and what to add, and what was there is back', async () => {
    const before = await query(db.superuserUrl, ROWS)
    const { code, stderr } = await run('restore', '--snapshot', snapshot)
    expect(code).toBe(6)
    expect(stderr).toContain('70 rows of public.document_chunks, public.embeddings set aside; 6 of them are not in')
    expect(stderr).toContain('--approve team-lead=NAME')
    expect(await query(db.superuserUrl, ROWS)).toEqual(before)
  })

  test('approved: exit code 0, the tables are those of the snapshot, and the report says what is kept', async () => {
    const { code, stdout } = await run('restore', '--snapshot', snapshot, '--approve', 'team-lead=alice')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'restored', snapshot: { id: snapshot } })
    expect(await query(db.superuserUrl, ROWS)).toEqual(good)
    expect(await dumpSchema(db)).toBe(schema)
  })
})
