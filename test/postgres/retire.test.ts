import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { PlanName } from '#core/names.ts'
import type { Clock, Row, Session } from '#core/ports.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { findRetirements } from '#core/retire/records.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import type { Sql } from '#core/sql/tag.ts'
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

describePostgres('retiring tables', () => {
  let db: OddDatabase
  const id = retirement('incident-1')

  beforeEach(async () => {
    db = await createOddDatabase()
  })
  afterEach(() => db.drop())

  const withSession = <T>(work: (session: Session) => Promise<T>, url = db.urlOf(db.product)): Promise<T> =>
    postgres({ url }).session({ applicationName: 'vector-rollback:retire' }, work)
  const retireAll = (options: { allow?: string[]; clock?: Clock; retirement?: typeof id } = {}, url?: string) =>
    withSession(
      (session) => retire(session, { plan, retirement: id, tables, allow: [], clock: realClock, ...options }),
      url,
    )
  const undo = (url?: string) =>
    withSession((session) => undoRetire(session, { retirement: id, clock: realClock }), url)
  const asApp = <R extends Record<string, unknown>>(text: string) => query<R>(db.urlOf(db.app), text)

  test.each([
    ['a superuser', () => db.superuserUrl],
    ['the role that the bootstrap made', () => db.urlOf(db.product)],
  ])('and undoing it leaves the same pg_dump to the byte, by %s', async (_, url) => {
    const before = await dumpSchema(db)
    const retired = await retireAll({}, url())
    expect(retired.changed).toBe(true)
    const meanwhile = await dumpSchema(db)
    expect(meanwhile).not.toContain('docs')
    expect(meanwhile).toContain('CREATE TABLE public.tenants')
    expect(await undo(url())).toMatchObject({
      changed: true,
      lostForeignKeys: [],
      unvalidatedForeignKeys: [],
      lostRoles: [],
      retirement: { undoneAt: expect.any(String) },
    })
    expect(await dumpSchema(db)).toBe(before)
    expect(await asApp('select count(*)::int as rows from public.feedback')).toEqual([{ rows: 20 }])
  })

  test('leaves nothing that the application could read or find under the old names', async () => {
    const [{ retired } = { retired: docs }] = (await retireAll()).retirement.tables
    for (const name of ['docs', 'docs_pkey', 'docs_id_seq', 'docs_embedding_hnsw', 'queue', 'docs_expr']) {
      expect(await asApp(`select to_regclass('public.${name}') as found`)).toEqual([{ found: null }])
    }
    expect(await asApp(`select from information_schema.tables where table_name ilike '%docs%'`)).toEqual([])
    await expect(asApp(`select from ${retired.schema}.${retired.name}`)).rejects.toThrow('permission denied for schema')
    const granted = await query(
      db.superuserUrl,
      `select from information_schema.role_table_grants where table_schema = '${retired.schema}'
        and table_name like 'r%\\_%' and grantee <> '${RETIRED_ROLE}'`,
    )
    expect(granted).toEqual([])
  })

  test('keeps the rows readable to the retired role alone, past forced row security', async () => {
    const [{ retired } = { retired: docs }] = (await retireAll()).retirement.tables
    const rows = await withSession((session) =>
      session.transaction(async () => {
        await session.script(`set local role ${RETIRED_ROLE}`)
        return session.query({
          text: `select count(*)::int as rows from ${retired.schema}.${retired.name}`,
          values: [],
        })
      }),
    )
    expect(rows.rows).toEqual([{ rows: 20 }])
  })

  test('is done once: the same run finds its own work, another run of the plan adopts it', async () => {
    const first = await retireAll()
    expect(await retireAll()).toEqual({ changed: false, retirement: first.retirement })
    const other = await retireAll({ retirement: retirement('incident-2') })
    expect(other).toEqual({ changed: false, retirement: first.retirement })
    expect(await withSession((session) => findRetirements(session, plan))).toEqual([first.retirement])
    expect(await withSession((session) => findRetirements(session, 'other' as PlanName))).toEqual([])
  })

  test('names a table that is not there and was never retired', async () => {
    const tables = [{ schema: 'public', name: 'embedings' }]
    await expect(
      withSession((session) => retire(session, { plan, retirement: id, tables, allow: [], clock: realClock })),
    ).rejects.toMatchObject({ name: 'Retire.NoSuchTable', message: expect.stringContaining('"public.embedings"') })
  })

  test('twice, with the same names in between, keeps both apart', async () => {
    const first = await retireAll()
    await run(db.urlOf(db.app), ['create table public.docs (id bigint generated by default as identity primary key)'])
    const second = await withSession((session) =>
      retire(session, { plan, retirement: retirement('incident-2'), tables: [docs], allow: [], clock: realClock }),
    )
    expect(second.changed).toBe(true)
    const open = await withSession((session) => findRetirements(session, plan))
    expect(open.map((each) => each.id)).toEqual(['incident-2', 'incident-1'])
    expect(open[1]).toEqual(first.retirement)
    expect(await undo()).toMatchObject({ changed: true, retirement: { id: 'incident-1' } })
    expect(await query(db.superuserUrl, 'select count(*)::int as rows from public.docs')).toEqual([{ rows: 20 }])
  })

  test('holds its locks for less than the budget', async () => {
    const held: number[] = []
    const timed = (session: Session): Session => {
      let since = 0
      return {
        ...bind(session),
        async query<R extends Row>(statement: Sql) {
          const result = await session.query<R>(statement)
          if (statement.text.endsWith('in access exclusive mode')) since = performance.now()
          return result
        },
        async transaction(work, options) {
          const result = await session.transaction(work, options)
          if (since > 0) held.push(performance.now() - since)
          return result
        },
      }
    }
    // The best of three: what else the machine does is no matter of ours.
    for (const round of ['1', '2', '3']) {
      await withSession((session) =>
        retire(timed(session), { plan, retirement: retirement(round), tables, allow: [], clock: realClock }),
      )
      await withSession((session) => undoRetire(session, { retirement: retirement(round), clock: realClock }))
    }
    expect(held).toHaveLength(3)
    expect(Math.min(...held)).toBeLessThan(100)
  })

  test('is refused, by name, for what would go on using the tables, unless the plan allows it', async () => {
    await run(db.urlOf(db.app), [
      'create view public.recent as select id from public.docs',
      'create publication pub for table public.docs',
    ])
    const objects = ['view public.recent', 'publication pub']
    const before = await dumpSchema(db)
    const refused = await retireAll().catch((error: Error) => error)
    expect(refused).toMatchObject({ name: 'Retire.Refused' })
    for (const object of objects) expect(String(refused)).toContain(`"${object}"`)
    expect(await dumpSchema(db)).toBe(before)

    expect(await retireAll({ allow: objects })).toMatchObject({ changed: true })
    expect(await undo()).toMatchObject({ changed: true })
    expect(await dumpSchema(db)).toBe(before)
  })

  test('counts roles that read every table among what is in the way', async () => {
    const spy = db.role('spy')
    const previewed = withSession(
      (session) =>
        session.transaction(async () => {
          // Never committed: roles belong to the server, and other tests would see this one.
          await session.script(`create role ${spy} login; grant pg_read_all_data to ${spy}`)
          const { refusals } = await planRetirement(session, { retirement: id, tables, allow: [] })
          const { allowed } = await planRetirement(session, { retirement: id, tables, allow: [`role ${spy}`] })
          throw Object.assign(new Error('rolled back'), { refusals, allowed })
        }),
      db.superuserUrl,
    )
    const finding = { object: `role ${spy}`, why: 'reads every table through pg_read_all_data' }
    await expect(previewed).rejects.toMatchObject({ refusals: [finding], allowed: [finding] })
  })

  test('can be previewed with every lock, and nothing is written', async () => {
    const before = await dumpSchema(db)
    const preview = await withSession((session) => planRetirement(session, { retirement: id, tables, allow: [] }))
    expect(preview).toMatchObject({ refusals: [], allowed: [], bootstrap: [] })
    expect(preview.boundaryForeignKeys.map(({ name }) => name).sort()).toEqual([
      'docs_tenant_fkey',
      'feedback_doc_fkey',
      'feedback_later',
    ])
    expect(preview.locked).toContainEqual({ schema: 'public', name: 'tenants' })
    expect(preview.readers).toContainEqual({ role: 'postgres', through: 'superuser', unavoidable: true })
    expect(preview.statements.find(({ statement }) => statement.text.includes('docs_tenant_fkey'))?.lock).toBe(
      'ACCESS EXCLUSIVE on public.docs and public.tenants',
    )
    expect(await dumpSchema(db)).toBe(before)
    expect(await withSession((session) => findRetirements(session, plan))).toEqual([])
  })

  test('waits for a reader that holds a table, and lets others read meanwhile (DEF-72)', async () => {
    const holder = new Client(db.urlOf(db.app))
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query('begin; select from public.tenants')
    let pauses = 0
    const clock: Clock = {
      now: realClock.now,
      async sleep() {
        pauses += 1
        // Between two tries nothing of ours stands in the way.
        await asApp(`set statement_timeout = '2s'; select from public.tenants`)
        if (pauses === 2) await holder.query('commit')
      },
    }
    expect(await retireAll({ clock })).toMatchObject({ changed: true })
    expect(pauses).toBe(2)
    await holder.end()
  })

  test('waits for a transaction that holds a sequence without its table', async () => {
    const holder = new Client(db.urlOf(db.app))
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query(`begin; select nextval('public.docs_id_seq')`)
    let pauses = 0
    const clock: Clock = {
      now: realClock.now,
      async sleep() {
        pauses += 1
        await holder.query('commit')
      },
    }
    expect(await retireAll({ clock })).toMatchObject({ changed: true })
    expect(pauses).toBe(1)
    await holder.end()
  })

  test('that is killed half-way leaves everything as it was, and works the next time', async () => {
    const before = await dumpSchema(db)
    const killed = withSession((session) => {
      const dying: Session = {
        ...bind(session),
        async script(text) {
          await session.script(text)
          await run(db.superuserUrl, [
            `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${db.product}'`,
          ])
        },
      }
      return retire(dying, { plan, retirement: id, tables, allow: [], clock: realClock })
    })
    await expect(killed).rejects.toMatchObject({ name: expect.stringMatching(/^Postgres\./) })
    expect(await dumpSchema(db)).toBe(before)
    expect(await withSession((session) => findRetirements(session, plan))).toEqual([])
    expect(await retireAll()).toMatchObject({ changed: true })
  })
})

/** The methods of a session as a plain object, to replace one of them. */
const bind = (session: Session): Session => ({
  query: session.query.bind(session),
  script: session.script.bind(session),
  transaction: session.transaction.bind(session),
  copyOut: session.copyOut.bind(session),
  copyIn: session.copyIn.bind(session),
  startLong: session.startLong.bind(session),
})
