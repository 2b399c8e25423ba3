import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Clock, Session } from '#core/ports.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const TABLES = [{ schema: 'public', name: 'items' }]
const NEVER = new Promise<never>(() => undefined)

describePostgres('locks that are taken only while they may be', () => {
  let db: TestDatabase
  let other: Client
  beforeAll(async () => {
    db = await createDatabase()
    other = new Client(db.url)
    await other.connect()
    await other.query('create table public.items (id int)')
  })
  beforeEach(() => other.query('truncate public.items'))
  afterAll(async () => {
    await other.end()
    await db.drop()
  })

  const insert = (session: Session) => session.query(sql`insert into public.items values (1)`)
  const locked = (options: TableLockOptions, clock: Clock = realClock, work = insert) =>
    postgres({ url: db.url }).session({ applicationName: 'vector-rollback:guard' }, (session) =>
      withTableLocks(session, TABLES, clock, { random: () => 0, ...options }, () => work(session)),
    )
  const count = async () => (await other.query('select 1 from public.items')).rowCount
  /** Whether somebody holds the table so that nobody can read it. */
  const isHeld = async () => {
    const { rowCount } = await other.query(
      `select 1 from pg_locks where relation = 'public.items'::regclass and mode = 'AccessExclusiveLock' and granted`,
    )
    return rowCount === 1
  }

  test('are asked about before each kind of lock, and once more when they are held, before the work', async () => {
    const asked: boolean[] = []
    await locked({ guard: async () => void asked.push(await isHeld()) }, realClock, async (session) => {
      expect(asked).toEqual([false, false, true])
      return insert(session)
    })
    expect(await count()).toBe(1)
  })

  test('are asked about again before each try', async () => {
    await other.query('begin; lock table public.items in access share mode')
    let asked = 0
    const clock: Clock = {
      now: realClock.now,
      async sleep(milliseconds, signal) {
        // The guard has its own patience.
        if (milliseconds < 400) return realClock.sleep(milliseconds, signal)
        if (asked === 4) await other.query('rollback')
      },
    }
    const guard = async () => {
      asked += 1
    }
    await locked({ guard }, clock)
    expect(asked).toBeGreaterThanOrEqual(6)
    expect(await count()).toBe(1)
  })

  test('are let go, and nothing is changed, when the answer under them is no', async () => {
    const refused = locked({
      guard: async () => {
        if (await isHeld()) throw new Error('no more')
      },
    })
    await expect(refused).rejects.toThrow('no more')
    expect(await isHeld()).toBe(false)
    expect(await count()).toBe(0)
  })

  test('are let go within the budget when no answer comes, and taken once more', async () => {
    let late = 0
    const heldInPauses: boolean[] = []
    const clock: Clock = {
      now: realClock.now,
      async sleep(milliseconds, signal) {
        if (milliseconds < 400) return realClock.sleep(milliseconds, signal)
        heldInPauses.push(await isHeld())
      },
    }
    const guard = async () => {
      if (late < 2 && (await isHeld())) {
        late += 1
        await NEVER
      }
    }
    await locked({ guard }, clock)
    expect(heldInPauses).toEqual([false, false])
    expect(await count()).toBe(1)
  })

  test('are given up when no answer comes until the deadline', async () => {
    const guard = async () => {
      if (await isHeld()) await NEVER
    }
    await expect(locked({ guard, deadlineMs: 300 })).rejects.toMatchObject({
      name: 'Locks.NoAnswer',
      category: 'unreachable',
      message: expect.stringContaining('"public.items"'),
    })
    expect(await count()).toBe(0)
  })

  test('are taken away by the server from a process that was paused while it had them', async () => {
    const paused = locked({}, realClock, async (session) => {
      await insert(session)
      await expect.poll(isHeld, { timeout: 10_000 }).toBe(false)
      return insert(session)
    })
    await expect(paused).rejects.toMatchObject({ name: expect.stringMatching(/^Postgres\./) })
    expect(await count()).toBe(0)
  })
})
