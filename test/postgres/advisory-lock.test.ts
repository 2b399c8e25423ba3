import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { PlanName } from '#core/names.ts'
import type { Database, Session } from '#core/ports.ts'
import { takePlanLock, terminateBackends } from '#core/sql/advisory-lock.ts'
import { sql } from '#core/sql/tag.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const plan = 'search' as PlanName

describePostgres('the lock of a plan', () => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await createDatabase()
    database = postgres({ url: db.url })
  })
  afterAll(() => db.drop())

  const as = <T>(name: string, work: (session: Session) => Promise<T>): Promise<T> =>
    database.session({ applicationName: `vector-rollback:search:${name}` }, work)

  test('is held by one session, and the next one is told by whom', async () => {
    await as('1:purge', async (holder) => {
      await takePlanLock(holder, plan, 'exclusive')
      const { rows } = await holder.query<{ pid: number }>(sql`select pg_catalog.pg_backend_pid() as pid`)
      for (const mode of ['exclusive', 'shared'] as const) {
        await expect(as('2:retire', (session) => takePlanLock(session, plan, mode))).rejects.toMatchObject({
          name: 'Lease.Busy',
          category: 'busy',
          message: expect.stringContaining(`"vector-rollback:search:1:purge" (pid ${rows[0]?.pid})`),
        })
      }
    })
  })

  test('is free as soon as the session ends', async () => {
    await as('1:purge', (session) => takePlanLock(session, plan))
    await as('2:purge', (session) => takePlanLock(session, plan))
  })

  test('is shared by parallel loads, which keep an exclusive holder out', async () => {
    await as('1:load', async (first) => {
      await takePlanLock(first, plan, 'shared')
      await as('1:load', (second) => takePlanLock(second, plan, 'shared'))
      await expect(as('2:purge', (session) => takePlanLock(session, plan))).rejects.toMatchObject({
        name: 'Lease.Busy',
      })
    })
  })

  test('of one plan leaves other plans alone', async () => {
    await as('1:purge', async (holder) => {
      await takePlanLock(holder, plan)
      await as('1:purge', (session) => takePlanLock(session, 'archive' as PlanName))
    })
  })

  test('is free after a takeover, which ends the sessions of the old epoch and no others', async () => {
    const outlived = as('10:restore', async (other) => {
      await as('1:purge', async (old) => {
        await takePlanLock(old, plan)
        const ended = await as('2:purge', async (session) => {
          const gone = await terminateBackends(session, 'vector-rollback:search:1:')
          await takePlanLock(session, plan)
          return gone
        })
        expect(ended).toEqual([{ pid: expect.any(Number), application: 'vector-rollback:search:1:purge' }])
        await expect(old.query(sql`select 1`)).rejects.toMatchObject({ category: 'unreachable' })
      })
      return (await other.query(sql`select 1 as alive`)).rows
    })
    expect(await outlived).toEqual([{ alive: 1 }])
  })

  test('is not taken over with a prefix that could match sessions of the application', async () => {
    for (const prefix of ['', 'app', 'vector-rollback:search:1']) {
      await expect(as('2:purge', (session) => terminateBackends(session, prefix))).rejects.toMatchObject({
        name: 'Lease.BadPrefix',
      })
    }
  })
})
