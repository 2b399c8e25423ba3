import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { captureTable } from '#core/ddl/capture.ts'
import { validateForeignKeys } from '#core/ddl/validate.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { startProxy } from '#test/support/tcp-proxy.ts'

const APPLICATION = 'vector-rollback:validate'

describePostgres('validating foreign keys', () => {
  let db: TestDatabase
  let other: Client
  /** A transaction sees other sessions as they were when it looked first. */
  let watcher: Client

  beforeAll(async () => {
    db = await createDatabase()
    other = new Client({ connectionString: db.url })
    watcher = new Client({ connectionString: db.url })
    await other.connect()
    await watcher.connect()
    await other.query(`create table documents (id int primary key); insert into documents values (1);
      create table embeddings (document int); insert into embeddings values (1);
      alter table embeddings add constraint embeddings_document_fkey foreign key (document) references documents not valid`)
  })
  afterAll(async () => {
    await other.end()
    await watcher.end()
    await db.drop()
  })

  test('waits for whoever vacuums or analyzes the table, instead of leaving the key unvalidated', async () => {
    await other.query('begin; lock table embeddings in share update exclusive mode')
    const work = postgres({ url: db.url }).session({ applicationName: APPLICATION }, async (session) => {
      const { foreignKeys } = await captureTable(session, { schema: 'public', name: 'embeddings' })
      const wanted = foreignKeys.map((key) => ({ ...key, validated: true }))
      const left = await validateForeignKeys(session, wanted, realClock)
      const { rows } = await session.query<{ value: string }>({
        text: `select pg_catalog.current_setting('lock_timeout') as value`,
        values: [],
      })
      return { left, lockTimeout: rows[0]?.value }
    })
    let ended = false
    const settled = work.finally(() => {
      ended = true
    })
    // Longer than a request for a lock may wait that others wait behind.
    const hasWaited = async () => {
      const { rowCount } = await watcher.query(
        `select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'
          and clock_timestamp() - query_start > interval '500 ms'`,
        [APPLICATION],
      )
      return rowCount === 1 || ended
    }
    await expect.poll(hasWaited, { timeout: 20_000, interval: 20 }).toBe(true)
    await other.query('commit')
    expect(await settled).toEqual({ left: [], lockTimeout: '100ms' })
  })

  test('says that the connection was lost, and not that the key could not be validated', async () => {
    await other.query('alter table embeddings drop constraint embeddings_document_fkey')
    await other.query(
      'alter table embeddings add constraint embeddings_document_fkey foreign key (document) references documents not valid',
    )
    const proxy = await startProxy(db.url)
    try {
      const work = postgres({ url: proxy.url }).session({ applicationName: APPLICATION }, async (session) => {
        const { foreignKeys } = await captureTable(session, { schema: 'public', name: 'embeddings' })
        proxy.cutAfter('validate constraint')
        const wanted = foreignKeys.map((key) => ({ ...key, validated: true }))
        return validateForeignKeys(session, wanted, realClock)
      })
      await expect(work).rejects.toMatchObject({ category: 'unreachable' })
    } finally {
      await proxy.close()
    }
  })
})
