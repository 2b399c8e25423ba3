import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Session } from '#core/ports.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import {
  buildAll,
  createWorld,
  prepareAndLoad,
  purgeChosen,
  RESTORE,
  SMALL_SCHEMA,
  SMALL_TABLES,
  snapshotAll,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('swapping restored tables in', () => {
  let world: World
  let other: Client
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
    await world.asOwner(
      'create table public.ratings (item integer references public.items (id)); insert into public.ratings values (3)',
    )
    await snapshotAll(world)
    await purgeChosen(world)
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    await world.session((s) => compareRestore(s, world.objects, RESTORE))
    other = new Client(world.db.superuserUrl)
    await other.connect()
  })
  afterEach(async () => {
    await other.end()
    await world.close()
  })

  const swap = (session: Session, deadlineMs = 60_000) =>
    swapIn(session, world.objects, { ...RESTORE, clock, locks: { deadlineMs } })

  /** As a vacuum or ANALYZE locks it, until a statement of ours has waited longer than one that holds up readers may. */
  const vacuumed = async (table: string, ended: () => boolean): Promise<void> => {
    await other.query(`begin; lock table ${table} in share update exclusive mode`)
    const hasWaited = async () => {
      const waiting = await world.query(`select from pg_stat_activity where wait_event_type = 'Lock'
        and application_name like 'vector-rollback:%' and datname = current_database()
        and clock_timestamp() - query_start > interval '500 ms'`)
      return waiting.length === 1 || ended()
    }
    void expect
      .poll(hasWaited, { timeout: 30_000, interval: 20 })
      .toBe(true)
      .finally(() => other.query('commit'))
  }
  const settling = <T>(work: Promise<T>, done: () => void): Promise<T> => work.finally(done)

  test('waits for nobody who only reads the tables at the other ends of foreign keys', async () => {
    await other.query('begin; select from public.ratings')
    expect(await world.session((s) => swap(s, 300))).toMatchObject({ changed: true, unvalidated: [] })
  })

  test('waits for an autovacuum of a table that was just loaded', async () => {
    const [{ side } = { side: '' }] = await world.query<{ side: string }>(
      `select oid::regclass::text as side from pg_class where relname = 'items' and relkind = 'r'`,
    )
    let ended = false
    await vacuumed(side, () => ended)
    const done = () => {
      ended = true
    }
    expect(await settling(world.session(swap), done)).toMatchObject({ changed: true, unvalidated: [] })
  })

  test('waits for an autovacuum that comes right after the swap', async () => {
    let ended = false
    let came = false
    const work = world.session((session) => {
      const query = session.query.bind(session)
      session.query = async (statement) => {
        if (statement.text.startsWith('analyze') && !came) {
          came = true
          await vacuumed('public.items', () => ended)
        }
        return query(statement)
      }
      return swap(session)
    })
    const done = () => {
      ended = true
    }
    expect(await settling(work, done)).toMatchObject({ changed: true, unvalidated: [] })
    expect(came).toBe(true)
  })
})
