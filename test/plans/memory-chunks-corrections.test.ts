import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { RetirementId } from '#core/names.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { sql } from '#core/sql/tag.ts'
import { MEMORY_FOLDER, MIGRATED } from '#test/plans/memory-chunks-world.ts'
import { startDatabase } from '#test/plans/world.ts'
import { describePostgres, postgresBin } from '#test/support/database.ts'

const CANARY = '00000000-0000-4000-8000-000000000001'
const IDS = [{ schema: 'public', name: 'memory_chunks' }] as const
const ROWS = 300

const tool = async (name: string, ...args: string[]): Promise<{ code: number; output: string }> => {
  const command = postgresBin === null ? name : join(postgresBin, name)
  return promisify(execFile)(command, args).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  )
}

describePostgres('what the runbook of memory-chunks says, and what is done in its place', () => {
  let world: Awaited<ReturnType<typeof startDatabase>>
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(MEMORY_FOLDER)
    world = await startDatabase('memory-chunks', ROWS)
  })
  afterAll(() => world?.close())

  const owned = <T extends Record<string, unknown>>(text: string): Promise<T[]> =>
    postgres({ url: world.db.url }).session({ applicationName: 'test' }, async (session) => {
      const { rows } = await session.query(sql.raw(text))
      return rows as T[]
    })
  /** As the application's role, in a transaction that is taken back. */
  const asApplication = async <T>(text: string, tenant = CANARY): Promise<T[]> => {
    const client = await another()
    await client.query('begin; set local role memory_chunks_app')
    await client.query(`select set_config('app.tenant_id', '${tenant}', true)`)
    return (await client.query(text)).rows as T[]
  }
  const another = async (): Promise<Client> => {
    const client = new Client(world.db.superuserUrl)
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  const step = (file: string) => owned(plan.sql[file] ?? '')

  test('the ledger has no column "version"; version_num is read, and it is the revision of the plan (DEF-01)', async () => {
    await expect(world.query('select version from public.alembic_version')).rejects.toMatchObject({ code: '42703' })
    expect(await step('sql/revision.sql')).toEqual([{ version_num: MIGRATED }])
    expect(plan.paths.full?.ledger).toMatchObject({ column: 'version_num', from: [MIGRATED] })
  })

  test('pg_policies has neither polname nor poltype; policyname and cmd are asked, with the schema (DEF-02)', async () => {
    for (const column of ['polname', 'poltype'])
      await expect(world.query(`select ${column} from pg_policies`)).rejects.toMatchObject({ code: '42703' })
    await world.query(`create schema elsewhere; create table elsewhere.memory_chunks (id int);
      create policy other on elsewhere.memory_chunks`)
    expect(await step('sql/policies.sql')).toEqual([{ policyname: 'memory_tenant_isolation', cmd: 'ALL' }])
    await world.query('drop schema elsewhere cascade')
  })

  test('pg_restore rejects a text dump, so the way back is a snapshot that was read again (DEF-03)', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-dump-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const dump = join(directory, 'memory_schema_backup.sql')
    expect(
      (await tool('pg_dump', '--table=public.alembic_version', `--file=${dump}`, world.db.superuserUrl)).code,
    ).toBe(0)
    const restored = await tool('pg_restore', '--list', dump)
    expect(restored.code).not.toBe(0)
    expect(restored.output).toContain('text format dump')
  })

  test('psql succeeds when its \\dt finds nothing; the catalogue answers with a value (DEF-04)', async () => {
    const shown = await tool('psql', '--no-psqlrc', world.db.superuserUrl, '-c', '\\dt public.no_such_table')
    expect(shown.code).toBe(0)
    expect(await step('sql/table-gone.sql')).toEqual([{ gone: false }])
  })

  test('psql goes on after an error and succeeds; a step stops at its first one (DEF-05)', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-psql-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const file = join(directory, 'manual.sql')
    const script = 'create table public.first (id int); select 1/0; create table public.second (id int);'
    await writeFile(file, script)
    expect((await tool('psql', '--no-psqlrc', world.db.superuserUrl, '-f', file)).code).toBe(0)
    expect(await owned(`select to_regclass('public.second') is not null as there`)).toEqual([{ there: true }])
    await world.query('drop table public.first, public.second')

    const stopped = postgres({ url: world.db.url }).session({ applicationName: 'test' }, (session) =>
      session.transaction(() => session.script(script)),
    )
    await expect(stopped).rejects.toMatchObject({ name: 'Postgres.DataException' })
    expect(await owned(`select to_regclass('public.first') is null as gone`)).toEqual([{ gone: true }])
  })

  test('"downgrade -1" run twice undoes two revisions; the plan names both ends (DEF-51)', async () => {
    const client = await another()
    // What the tool does with -1: it looks where the ledger stands, and takes one step from there.
    const chain = [MIGRATED, '20251005_conversations', '20250901_users']
    const downgrade = async () => {
      const { rows } = await client.query<{ v: string }>('select version_num as v from alembic_version')
      const to = chain[chain.indexOf(rows[0]?.v ?? '') + 1]
      await client.query('update alembic_version set version_num = $1', [to])
    }
    await client.query('begin')
    await downgrade()
    await downgrade()
    expect((await client.query('select version_num as v from alembic_version')).rows).toEqual([{ v: '20250901_users' }])
    await client.query('rollback')
    expect(plan.paths.full?.ledger).toMatchObject({ from: [MIGRATED], to: '20251005_conversations' })
  })

  test("the application's role counts what its tenant may see, without a word; a snapshot counts with an error instead (DEF-62, DEF-61)", async () => {
    const [seen] = await asApplication<{ n: number }>('select count(*)::int as n from public.memory_chunks')
    expect(seen?.n).toBe(ROWS / 3)
    const client = await another()
    await client.query('begin; set local role memory_chunks_app; set local row_security = off')
    await expect(client.query('select count(*) from public.memory_chunks')).rejects.toMatchObject({ code: '42501' })
    expect(await world.query('select count(*)::int as n from public.memory_chunks')).toEqual([{ n: ROWS }])
  })

  test('information_schema shows no table to a role without rights; the catalogue does (DEF-63)', async () => {
    const stranger = world.db.role('stranger')
    await world.query(`create role ${stranger}`)
    const client = await another()
    await client.query(`set role ${stranger}`)
    const { rows } = await client.query(
      `select count(*)::int as n from information_schema.tables where table_name = 'memory_chunks'`,
    )
    expect(rows).toEqual([{ n: 0 }])
    expect((await client.query(plan.sql['sql/table-gone.sql'] ?? '')).rows).toEqual([{ gone: false }])
  })

  test('between DROP POLICY, DISABLE and DROP TABLE all tenants are exposed, and a repeat fails; retiring never switches row-level security off (DEF-64)', async () => {
    const client = await another()
    await client.query(`begin; drop policy memory_tenant_isolation on public.memory_chunks;
      alter table public.memory_chunks disable row level security; set local role memory_chunks_app`)
    const exposed = await client.query('select count(distinct tenant_id)::int as tenants from public.memory_chunks')
    expect(exposed.rows).toEqual([{ tenants: 3 }])
    await client.query('rollback; begin; drop table public.memory_chunks')
    await expect(client.query('alter table public.memory_chunks disable row level security')).rejects.toMatchObject({
      code: '42P01',
    })
    await client.query('rollback')

    const { statements } = await postgres({ url: world.db.url }).session({ applicationName: 'test' }, (session) =>
      planRetirement(session, { retirement: 'preview' as RetirementId, tables: IDS, allow: [] }),
    )
    const texts = statements.map(({ statement }) => statement.text.toLowerCase())
    expect(texts.some((text) => text.includes('set schema'))).toBe(true)
    expect(texts.filter((text) => /disable row level security|drop (policy|table|view)/.test(text))).toEqual([])
  })
})
