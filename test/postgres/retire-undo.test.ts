import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Session } from '#core/ports.ts'
import type { RetiredTable } from '#core/retire/record.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import {
  createOddDatabase,
  docs,
  dumpSchema,
  type OddDatabase,
  plan,
  query,
  retirement,
  run,
  tables,
} from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('undoing a retirement', () => {
  let db: OddDatabase
  let before: string
  let retired: RetiredTable
  const id = retirement('incident-1')

  const withSession = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    postgres({ url: db.urlOf(db.product) }).session({ applicationName: 'vector-rollback:undo' }, work)
  const undo = () => withSession((session) => undoRetire(session, { retirement: id, clock: realClock }))

  beforeEach(async () => {
    db = await createOddDatabase()
    before = await dumpSchema(db)
    const done = await withSession((session) =>
      retire(session, { plan, retirement: id, tables, allow: [], clock: realClock }),
    )
    const [first] = done.retirement.tables
    if (!first) throw new Error('three tables are retired')
    retired = first
  })
  afterEach(() => db.drop())

  test('is refused with the number of rows when the application made the table anew', async () => {
    await run(db.urlOf(db.app), [
      'create table public.docs (id int); insert into public.docs select generate_series(1, 3)',
      'create type public.queue as enum ()',
      'create view public.docs_pkey as select 1',
    ])
    await expect(undo()).rejects.toMatchObject({
      name: 'Undo.NameTaken',
      category: 'refused',
      message: expect.stringMatching(/table "public.docs" with 3 rows; view "public.docs_pkey"; type "public.queue"/),
    })
    await run(db.urlOf(db.app), ['drop table public.docs; drop type public.queue; drop view public.docs_pkey'])
    expect(await undo()).toMatchObject({ changed: true })
    expect(await dumpSchema(db)).toBe(before)
  })

  test('brings back a foreign key with orphans unvalidated, and counts them', async () => {
    await run(db.superuserUrl, [
      'insert into public.feedback values (901, 9001), (902, 9002), (903, null)',
      `delete from public.tenants`,
    ])
    const undone = await undo()
    expect(undone).toMatchObject({ changed: true, lostForeignKeys: [] })
    expect(undone.unvalidatedForeignKeys).toMatchObject([
      { foreignKey: { name: 'docs_tenant_fkey' }, orphans: '20' },
      { foreignKey: { name: 'feedback_doc_fkey' }, orphans: '2' },
    ])
    await expect(run(db.superuserUrl, ['insert into public.feedback values (904, 9004)'])).rejects.toThrow(
      'violates foreign key constraint',
    )

    await run(db.superuserUrl, [
      'delete from public.feedback where doc > 9000',
      `insert into public.tenants values ('00000000-0000-0000-0000-000000000001', 'one')`,
    ])
    expect(await undo()).toMatchObject({ changed: false, lostForeignKeys: [], unvalidatedForeignKeys: [] })
    expect(await dumpSchema(db)).toBe(before)
  })

  test('waits for nobody who only reads the tables at the other ends of foreign keys', async () => {
    const reader = new Client({ connectionString: db.superuserUrl })
    await reader.connect()
    try {
      await reader.query('begin; select from public.tenants; select from public.feedback')
      const undone = await withSession((session) =>
        undoRetire(session, { retirement: id, clock: realClock, lockOptions: { deadlineMs: 300 } }),
      )
      expect(undone).toMatchObject({ changed: true, unvalidatedForeignKeys: [] })
    } finally {
      await reader.end()
    }
    expect(await dumpSchema(db)).toBe(before)
  })

  test('reports foreign keys whose other table is gone or no longer fits', async () => {
    await run(db.superuserUrl, ['drop table public.tenants cascade', 'alter table public.feedback drop column doc'])
    const lost = [
      { foreignKey: { name: 'docs_tenant_fkey' }, why: '"public.tenants" is gone' },
      { foreignKey: { name: 'feedback_doc_fkey' }, why: expect.stringContaining('"doc"') },
      { foreignKey: { name: 'feedback_later' } },
    ]
    expect((await undo()).lostForeignKeys).toMatchObject(lost)
    const again = await undo()
    expect(again.changed).toBe(false)
    expect(again.lostForeignKeys.map(({ foreignKey }) => foreignKey.name)).toEqual([
      'docs_tenant_fkey',
      'feedback_doc_fkey',
      'feedback_later',
    ])
  })

  test('gives back no privileges of a role that was dropped since, and says so', async () => {
    await run(db.superuserUrl, [`drop owned by ${db.role('analyst')}; drop role ${db.role('analyst')}`])
    expect(await undo()).toMatchObject({ changed: true, lostRoles: [db.role('analyst')] })
    const granted = await query<{ grantee: string }>(
      db.superuserUrl,
      `select distinct grantee from information_schema.role_table_grants where table_name = 'docs' order by 1`,
    )
    expect(granted.map(({ grantee }) => grantee)).toEqual(['PUBLIC', db.app, db.role('writer')])
  })

  test('changes nothing when the outcome would not be what was recorded', async () => {
    const name = `${retired.retired.schema}.${retired.retired.name}`
    await run(db.superuserUrl, [`alter table ${name} alter column price drop default`])
    await expect(undo()).rejects.toMatchObject({
      name: 'Undo.DefinitionDiffers',
      message: expect.stringMatching(/"public.docs".*"columns\[10\].default"/),
    })
    expect(await query(db.superuserUrl, `select to_regclass('public.docs') as found`)).toEqual([{ found: null }])
    await run(db.superuserUrl, [`alter table ${name} alter column price set default 1.50`])
    expect(await undo()).toMatchObject({ changed: true })
    expect(await dumpSchema(db)).toBe(before)
  })

  test('names a retired table that somebody dropped by hand', async () => {
    await run(db.superuserUrl, [`drop table ${retired.retired.schema}.${retired.retired.name} cascade`])
    await expect(undo()).rejects.toMatchObject({
      name: 'Undo.TableGone',
      message: expect.stringContaining('retired from "public.docs"'),
    })
  })

  test('is refused for what was purged, and for what this database does not know', async () => {
    await expect(
      withSession((session) => undoRetire(session, { retirement: retirement('other'), clock: realClock })),
    ).rejects.toMatchObject({ name: 'Undo.NoSuchRetirement' })
    await run(db.superuserUrl, ['update vector_rollback_retired.retirements set purged_at = now()'])
    await expect(undo()).rejects.toMatchObject({ name: 'Undo.Purged' })
  })

  test('closes the run: it cannot retire again', async () => {
    await undo()
    const again = withSession((session) =>
      retire(session, { plan, retirement: id, tables: [docs], allow: [], clock: realClock }),
    )
    await expect(again).rejects.toMatchObject({ name: 'Retire.Closed' })
  })

  test('that is killed half-way leaves the tables retired, and works the next time', async () => {
    const killed = withSession((session) => {
      const script = session.script.bind(session)
      session.script = async (text) => {
        await script(text)
        await run(db.superuserUrl, [
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${db.product}'`,
        ])
      }
      return undoRetire(session, { retirement: id, clock: realClock })
    })
    await expect(killed).rejects.toMatchObject({ name: expect.stringMatching(/^Postgres\./) })
    expect(await query(db.superuserUrl, `select to_regclass('public.docs') as found`)).toEqual([{ found: null }])
    expect(await undo()).toMatchObject({ changed: true })
    expect(await dumpSchema(db)).toBe(before)
  })
})
