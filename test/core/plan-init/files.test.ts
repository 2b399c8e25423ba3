import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { DatabaseFacts } from '#core/plan-init/facts.ts'
import { firstPlan } from '#core/plan-init/files.ts'
import { columnOf, tableOf } from '#test/support/definitions.ts'
import { DOCS, factsOf } from './facts.ts'

const planOf = async (facts: DatabaseFacts): Promise<Plan> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-first-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'search')
  for (const [name, text] of Object.entries(firstPlan('search', facts).files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  expect(await checkPlan(folder)).toEqual([])
  return loadPlan(folder)
}

test('is a plan whatever the names are: none of them ends its quotes in YAML, SQL or Markdown', async () => {
  const odd = [
    `it's "quoted"; drop table x; --`,
    'line\nbreak: "{x}"',
    'back\\slash $do$ end',
    '#hash | pipe `tick`',
    'ü: é & *a',
    '* [x](y)',
  ]
  const tables = odd.map((name, i) =>
    tableOf({ schema: i % 2 ? `s "${i}"` : 'public', name }, { columns: [columnOf(name)] }),
  )
  const database = `'app' "of" \\ #1\n: x`
  const plan = await planOf(factsOf({ database, comment: `${database} $do$` }, tables))
  expect(plan.protects.tables).toEqual(tables.map(({ table }) => table))
  expect(plan.database.sentinel.equals).toBe(`${database} $do$`)
  expect(Object.keys(plan.checks).filter((name) => name.startsWith('readable-'))).toHaveLength(odd.length)
})

test('has no partial path where no vector index can be dropped without making everybody wait', async () => {
  const [index] = factsOf().indexes
  if (!index) throw new Error('there is an index')
  const plan = await planOf(factsOf({ indexes: [{ ...index, bound: true }] }))
  expect(plan.paths.partial).toBeUndefined()
  expect(plan.decide.map(({ path }) => path)).not.toContain('partial')
  expect(Object.keys(plan.sql).filter((file) => file.includes('vector-indexes'))).toEqual([])
})

test('asks for the name of a database without a comment, and lets a database of the drill pass', async () => {
  const plan = await planOf(factsOf())
  expect(plan.database.sentinel.equals).toBe('app')
  expect(plan.sql['sql/sentinel.sql']).toContain(`when 'fixture of search' then 'app'`)
})

test('names what is in the way of the full path instead of allowing it', async () => {
  const inTheWay = [{ object: 'role reporting', why: 'reads every table through pg_read_all_data' }]
  const facts = factsOf({ inTheWay })
  expect((await planOf(facts)).paths.full?.allow).toEqual([])
  const { files, fillIn } = firstPlan('search', facts)
  const line = '"role reporting" reads every table through pg_read_all_data. Remove it, or allow it by this name.'
  expect(fillIn).toContain(`paths.full.allow: ${line}`)
  expect(files['README.md']).toContain(line)
})

test('asks for privileges, and not for rows, where policies want to know the tenant', async () => {
  const using = "(tenant = (current_setting('app.tenant'::text))::uuid)"
  const policy = {
    name: 'own',
    permissive: true,
    command: 'all',
    roles: [null],
    using,
    check: null,
    comment: null,
  } as const
  const secured = tableOf(DOCS, { rowSecurity: { enabled: true, forced: false }, policies: [policy] })
  const plan = await planOf(factsOf({}, [secured]))
  expect(plan.sql['sql/readable-docs.sql']).toContain('has_table_privilege')
  expect(plan.sql['sql/row-security-gaps.sql']).toContain("false, array['own']")
  expect((await planOf(factsOf())).sql['sql/readable-docs.sql']).toContain('from "public"."docs" limit 1')
})

test('gives the full path a longer budget for larger tables', async () => {
  const [table] = factsOf().tables
  if (!table) throw new Error('there is a table')
  const minutes = async (bytes: number) =>
    ((await planOf(factsOf({ tables: [{ ...table, bytes }] }))).paths.full?.budget ?? 0) / 60_000
  expect([await minutes(8192), await minutes(100e9)]).toEqual([40, 130])
})
