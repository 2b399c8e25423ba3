import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { PlanName, RetirementId, Table } from '#core/names.ts'
import type { Preview } from '#core/preview/model.ts'
import { retire } from '#core/retire/retire.ts'
import { dump, query, run } from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { cli, linesOf, planCopy } from './cli.ts'

const ROWS = 60
const PLAN = 'pgvector-search'
const TABLES: Table[] = ['embeddings', 'document_chunks'].map((name) => ({ schema: 'public', name }))

const preview = (path: string, url: string, plan: string = PLAN) =>
  cli(['plan', 'preview', plan, '--path', path, '--database-url', url])
const previewJson = async (path: string, url: string, plan: string = PLAN): Promise<Preview & { wrote: string }> =>
  JSON.parse((await cli(['plan', 'preview', plan, '--path', path, '--database-url', url, '--json'])).stdout)

const statements = ({ stages }: Preview): string[] =>
  stages.flatMap(({ lines }) => lines.flatMap((line) => (line.kind === 'statement' ? [line.sql] : [])))

describePostgres('a preview of a database', () => {
  let template: TestDatabase
  beforeAll(async () => {
    template = await createDatabase()
    const loaded = await cli(['fixture', PLAN, '--database-url', template.url, '--rows', String(ROWS)])
    expect(loaded).toMatchObject({ code: 0 })
  })
  afterAll(() => template.drop())

  let db: TestDatabase
  beforeEach(async () => {
    db = await createDatabase({ template })
    await run(db.superuserUrl, [`comment on database ${db.name} is '${PLAN}'`])
    return () => db.drop()
  })

  const retireNow = (id: string) =>
    postgres({ url: db.url }).session({ applicationName: 'test', statementTimeout: 0 }, (session) =>
      retire(session, {
        plan: PLAN as PlanName,
        retirement: id as RetirementId,
        tables: TABLES,
        allow: [],
        clock: realClock,
      }),
    )
  const longAgo = () =>
    run(db.url, [`update vector_rollback_retired.retirements set retired_at = now() - interval '8 days'`])

  test('writes nothing, whatever the path and however things stand', async () => {
    const all = async () => {
      const before = await dump(db)
      for (const path of ['flag', 'partial', 'full', 'restore', 'purge']) {
        const { stdout } = await preview(path, db.url)
        expect(stdout).toMatch(/Nothing was written\. This was a preview, in read-only transactions\.\n$/)
      }
      expect(await dump(db)).toBe(before)
    }
    await all()
    await retireNow('retired-by-test')
    await longAgo()
    await all()
  })

  test('flag: the flag alone', async () => {
    const { code, stdout } = await preview('flag', db.url)
    expect(code).toBe(0)
    expect(stdout).toContain('set VECTOR_SEARCH_ENABLED to "false" (/app/{env}/VECTOR_SEARCH_ENABLED)')
    expect(stdout).toContain('nothing is destroyed')
  })

  test('partial: the index, whose table is named with the lock, and rows and bytes of the tables', async () => {
    const found = await previewJson('partial', db.url)
    expect(found.stages.flatMap(({ lines }) => lines)).toContainEqual({
      kind: 'statement',
      sql: 'drop index concurrently if exists "public"."embeddings_embedding_idx"',
      lock: 'SHARE UPDATE EXCLUSIVE on public.embeddings, without making anybody wait',
    })
    expect(found).toMatchObject({ destroys: 'nothing', refusals: [], notes: [], wrote: 'nothing' })
    expect(found.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['embeddings', ROWS],
      ['document_chunks', ROWS],
    ])
    await run(db.superuserUrl, ['drop index public.embeddings_embedding_idx'])
    expect((await preview('partial', db.url)).stdout).toContain('it is absent: nothing to do')
  })

  test('full: every statement with its lock, in the order of the real one', async () => {
    const found = await previewJson('full', db.url)
    expect(found.refusals).toEqual([])
    const texts = statements(found)
    for (const text of [
      'lock table "public"."embeddings", "public"."document_chunks", "public"."machines" in access exclusive mode',
      'alter table "public"."document_chunks" drop constraint "document_chunks_machine_id_fkey"',
      'revoke all on table "public"."embeddings" from "pgvector_search_app" cascade',
    ])
      expect(texts).toContain(text)
    expect(texts.at(-1)).toBe('set local role none')
    const { code, stdout } = await preview('full', db.url)
    expect(code).toBe(0)
    expect(stdout).toContain(`public.embeddings: about ${ROWS} rows`)
    expect(stdout).toMatch(/lock: ACCESS EXCLUSIVE on public\.document_chunks and public\.machines/)
    expect(stdout).toContain('nothing is destroyed: the tables are moved, and undo is the move back')

    await retireNow('retired-by-test')
    expect((await preview('full', db.url)).stdout).toContain('the tables lie retired since')
  })

  test('full of a plan that keeps nothing: what would be destroyed, and who has to approve', async () => {
    const plan = await planCopy([['plan.yaml', 'after: 7d', 'after: 0s']])
    const found = await previewJson('full', db.url, plan)
    expect(found.approvals).toEqual([
      {
        purpose: 'proceed',
        signal: 'query-timeout',
        roles: ['team-lead'],
        people: 1,
        within: 3_600_000,
        gates: [],
      },
      { purpose: 'purge', signal: null, roles: ['team-lead', 'dba'], people: 2, within: 86_400_000, gates: [] },
    ])
    expect(found.destroys).toMatchObject({
      objects: expect.arrayContaining(['table public.embeddings', 'index public.embeddings_embedding_idx']),
      tables: [
        { name: 'embeddings', rows: ROWS },
        { name: 'document_chunks', rows: ROWS },
      ],
    })
    expect(statements(found)).toContain('drop table "public"."embeddings", "public"."document_chunks"')
  })

  test('purge: nothing to do, too early, then every row and byte that would go', async () => {
    expect((await preview('purge', db.url)).stdout).toContain('no tables lie retired: there is nothing to purge')
    await retireNow('retired-by-test')
    const early = await preview('purge', db.url)
    expect(early.code).toBe(3)
    expect(early.stdout).toMatch(/Purge\.TooEarly: Retirement "retired-by-test" .* is kept until/)
    await longAgo()
    const found = await previewJson('purge', db.url)
    expect(found.refusals).toEqual([])
    const [size] = await query<{ bytes: string }>(
      db.superuserUrl,
      `select sum(pg_total_relation_size(oid)) as bytes from pg_class where relname ~ '^r[0-9a-f]{12}_' and relkind = 'r'`,
    )
    expect(found.tables.map(({ rows, counted }) => [rows, counted])).toEqual([
      [ROWS, true],
      [ROWS, true],
    ])
    expect(found.tables.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(Number(size?.bytes))
    const { code, stdout } = await preview('purge', db.url)
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Destroys\\n {2}${2 * ROWS} rows, .* after approval`))
    expect(stdout).toContain('which was public.embeddings')
    expect(stdout).toContain('purge: team-lead, dba; 2 different people, within 1d')
  })

  test('purge: refused, by name, when something has come to depend on a retired table', async () => {
    await retireNow('retired-by-test')
    await longAgo()
    const [table] = await query<{ name: string }>(
      db.superuserUrl,
      `select oid::regclass::text as name from pg_class where relname ~ '^r[0-9a-f]{12}_' and relkind = 'r' limit 1`,
    )
    await run(db.superuserUrl, [`create view public.late as select 1 from ${table?.name}`])
    const { code, stdout } = await preview('purge', db.url)
    expect(code).toBe(3)
    expect(stdout).toMatch(/Purge\.NotCovered: .*view "public\.late"/)
    expect(stdout).toContain('fix: Drop the view "public.late" yourself')
  })

  test('restore: nothing to do, then by undo with every statement, then from a snapshot', async () => {
    expect((await preview('restore', db.url)).stdout).toContain('all tables are there under their names')
    await retireNow('retired-by-test')
    const found = await previewJson('restore', db.url)
    expect(found.refusals).toEqual([])
    expect(found.stages.map(({ title }) => title)).toContain('Undo the retirement, in one transaction')
    expect(found.stages.flatMap(({ lines }) => lines)).toContainEqual({
      kind: 'statement',
      sql: 'alter table "public"."document_chunks" validate constraint "document_chunks_machine_id_fkey"',
      lock: 'SHARE UPDATE EXCLUSIVE on public.document_chunks',
    })
    await run(db.url, ['create table public.embeddings (id int)', 'insert into public.embeddings values (1)'])
    const taken = await preview('restore', db.url)
    expect(taken.code).toBe(3)
    expect(taken.stdout).toContain(
      'Undo.NameTaken: In the way of the retired tables: table "public.embeddings" with 1 rows',
    )

    await run(db.superuserUrl, [
      'drop table public.embeddings',
      `do $$ declare t regclass; begin
        for t in select oid from pg_class where relname ~ '^r[0-9a-f]{12}_' and relkind = 'r' loop
          execute format('drop table %s cascade', t); end loop; end $$`,
    ])
    const { code, stdout } = await preview('restore', db.url)
    expect(code).toBe(0)
    expect(stdout).toContain('Restore public.embeddings, public.document_chunks from a snapshot')
    expect(stdout).toContain('the bucket: its snapshots')
  })

  describe('is refused with 3, the offending value and the fix', () => {
    test('the wrong database, about which nothing else is asked', async () => {
      await run(db.superuserUrl, [`comment on database ${db.name} is 'billing'`])
      const { code, stdout, stderr } = await preview('full', db.url)
      expect([code, stdout]).toEqual([3, ''])
      expect(stderr).toMatch(/^error Database\.WrongOne\n.*"billing".*"pgvector-search"/)
      expect(stderr).toMatch(/^fix Check --database-url/m)
      expect(linesOf(stderr)).toBeLessThan(24)
    })

    test('another version of the extension', async () => {
      const plan = await planCopy([['plan.yaml', 'versions: ">=0.5.0 <1"', 'versions: ">=9"']])
      const { code, stderr } = await preview('partial', db.url, plan)
      expect(code).toBe(3)
      expect(stderr).toMatch(/^error Database\.ExtensionVersion\n.*vector 0\..*">=9"/)
    })

    test.each(['partial', 'full'])('a table that does not exist, on the path %s', async (path) => {
      const plan = await planCopy([['plan.yaml', 'public.document_chunks', 'public.document_pieces']])
      const { code, stdout } = await preview(path, db.url, plan)
      expect(code).toBe(3)
      expect(stdout).toMatch(/NoSuchTable: There is no table "public\.document_pieces"/)
      expect(stdout).toMatch(/^ {2}fix: Correct/m)
    })

    test('a role without the privileges, with the statements that would do', async () => {
      const nobody = db.role('nobody')
      await run(db.url, [`create role ${nobody} login`])
      const full = await preview('full', db.urlOf(nobody))
      expect(full.code).toBe(3)
      expect(full.stdout).toContain(
        `Retire.NotBootstrapped: The role "${nobody}" may not yet move these tables out of reach.`,
      )
      expect(full.stdout).toContain(`grant "${db.master}" to "${nobody}"`)
      expect(full.stdout).toContain(`this role may not become "pgvector_search_app": grant it`)
      const partial = await preview('partial', db.urlOf(nobody))
      expect(partial.code).toBe(3)
      expect(partial.stdout).toContain(`The role "${nobody}" may not drop index "public.embeddings_embedding_idx"`)
    })

    test('a role that may not connect', async () => {
      const [code, stderr] = await preview('full', db.urlOf(db.role('unknown'))).then((end) => [end.code, end.stderr])
      expect(code).toBe(3)
      expect(stderr).toMatch(/^error Postgres\.AuthenticationFailed\n/)
    })

    test('a view that depends on a table, until the plan allows it by name', async () => {
      await run(db.url, ['create view public.recent as select id from public.embeddings'])
      const stdout = expect.stringContaining('Retire.Refused: "view public.recent" depends on')
      expect(await preview('full', db.url)).toMatchObject({ code: 3, stdout })
    })

    test('a sentinel that would write', async () => {
      await run(db.url, [
        'create table public.log (at timestamptz)',
        `create function public.sly() returns text language plpgsql as $$ begin insert into public.log values (now()); return 'pgvector-search'; end $$`,
      ])
      const plan = await planCopy()
      await writeFile(join(plan, 'sql/sentinel.sql'), 'select public.sly() as plan;\n')
      const { code, stderr } = await preview('flag', db.url, plan)
      expect(code).toBe(3)
      expect(stderr).toMatch(/^error Postgres\.ReadOnly\n.*INSERT in a read-only transaction/)
      expect(await query(db.superuserUrl, 'select * from public.log')).toEqual([])
    })
  })

  test('an invalid index, a transaction left open and a missing role are told, and are no refusals', async () => {
    await run(db.superuserUrl, [
      `update pg_index set indisvalid = false where indexrelid = 'public.embeddings_embedding_idx'::regclass`,
    ])
    await run(db.superuserUrl, [
      'begin',
      'select count(*) from public.embeddings',
      `prepare transaction '${db.name}_left'`,
    ])
    // A check of a scenario alone counts where that scenario is asked for.
    const scenario = `scenarios: { by-hand: { describe: By hand., budget: 5m, steps: [{ verify: { checks: [flag-is-off] } }] } }`
    const ofScenario = `  only-by-hand: { describe: So it is., sql: sql/sentinel.sql, as: ${db.role('nobody')}, expect: { value: a }, after: [partial/by-hand] }`
    const plan = await planCopy([
      ['plan.yaml', 'as: pgvector_search_app', `as: ${db.role('gone')}`],
      ['plan.yaml', '\n  partial:\n', `\n  partial:\n    ${scenario}\n`],
      ['plan.yaml', '\nchecks:\n', `\nchecks:\n${ofScenario}\n`],
    ])
    const { code, stdout } = await preview('partial', db.url, plan)
    expect(code).toBe(0)
    const byHand = ['plan', 'preview', plan, '--path', 'partial', '--scenario', 'by-hand', '--database-url', db.url]
    expect((await cli(byHand)).stdout).toContain(`cannot become "${db.role('nobody')}": there is no such role; `)
    expect(stdout).toContain('index "public.embeddings_embedding_idx" is invalid')
    expect(stdout).toContain('it is invalid: the drop is finished')
    expect(stdout).toContain(`cannot become "${db.role('gone')}": there is no such role; `)
    expect((await preview('full', db.url)).stdout).toContain(
      `a lock is held on public.embeddings: prepared transaction "${db.name}_left"`,
    )
  })
})
