import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LedgerMove, readLedger } from '#core/ledger/ledger.ts'
import { migrate } from '#core/ledger/migrate.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { swapIn } from '#core/restore/swap-in.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import {
  createWorld,
  environment,
  PLAN,
  purgeChosen,
  RESTORE,
  RETIREMENT,
  restoreAll,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  snapshotAll,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const LEDGER = { schema: 'public', name: 'alembic_version' }
const ledger: LedgerMove = { table: LEDGER, column: 'version_num', from: ['0003_items'], to: '0002_users' }
const SCHEMA = `${SMALL_SCHEMA}
  create table public.alembic_version (version_num varchar(32) primary key);
  insert into public.alembic_version values ('0003_items');
  create table public.users (id int primary key, nickname text);
  create index users_nickname_idx on public.users (nickname);`

let world: World
beforeEach(async () => {
  world = await createWorld(SCHEMA, SMALL_TABLES)
})
afterEach(() => world?.close())

const revisions = () => world.session((session) => readLedger(session, ledger))
const stamp = (to: string) => world.asOwner(`update public.alembic_version set version_num = '${to}'`)
const relation = async (name: string): Promise<boolean> =>
  (await world.query<{ there: boolean }>(`select to_regclass('${name}') is not null as there`))[0]?.there ?? false

const withdraw = (options: { deadlineMs?: number } = {}) =>
  world.session((session) =>
    retire(session, {
      ...{ plan: PLAN, retirement: RETIREMENT, tables: SMALL_TABLES, allow: [], ledger, clock },
      lockOptions: options,
    }),
  )
const undo = () => world.session((session) => undoRetire(session, { retirement: RETIREMENT, clock }))
const swap = (ledgerDrift?: 'accepted') =>
  world.session((s) =>
    swapIn(s, world.objects, { ...RESTORE, clock, locks: {}, ...(ledgerDrift ? { ledgerDrift } : {}) }),
  )
const chosen = (acceptDrift: boolean) =>
  world.session((s) =>
    chooseRestore(s, world.objects, {
      ...{ plan: PLAN, environment, tables: SMALL_TABLES, createExtension: false },
      ...{ snapshot: SNAPSHOT, acceptDrift },
    }),
  )

/** Somebody's transaction that stays open while `work` goes on. */
const during = async (statement: string, work: () => Promise<void>): Promise<void> => {
  const other = new Client(world.db.superuserUrl)
  await other.connect()
  try {
    await other.query(`begin; ${statement}`)
    await work()
    await other.query('rollback')
  } finally {
    await other.end()
  }
}

describePostgres('the migration ledger goes with the tables', () => {
  test('retiring says in the ledger that the migration is undone, and undo says that it is back (DEF-51, DEF-65)', async () => {
    const before = world.dump()
    expect((await withdraw()).retirement.ledger).toEqual({
      table: LEDGER,
      column: 'version_num',
      before: '0003_items',
      after: '0002_users',
    })
    expect(await revisions()).toEqual(['0002_users'])
    expect(await undo()).toMatchObject({ changed: true })
    expect(await revisions()).toEqual(['0003_items'])
    expect(world.dump()).toBe(before)
  })

  test('a retry undoes no second revision, and an undo that is run again redoes none (DEF-51)', async () => {
    await withdraw()
    expect(await withdraw()).toMatchObject({ changed: false })
    expect(await revisions()).toEqual(['0002_users'])
    await undo()
    expect(await undo()).toMatchObject({ changed: false })
    expect(await revisions()).toEqual(['0003_items'])
  })

  test('tables and ledger move together or not at all: a ledger that cannot be moved keeps the tables where they are (DEF-65)', async () => {
    await world.asOwner(`
      create function public.no() returns trigger language plpgsql as 'begin return null; end';
      create trigger no before update on public.alembic_version for each row execute function public.no()`)
    await expect(withdraw()).rejects.toMatchObject({ name: 'Ledger.NotMoved', category: 'refused' })
    expect(await relation('public.items')).toBe(true)
    expect(await revisions()).toEqual(['0003_items'])
  })

  test('a database at another revision is refused by name before anything is locked (DEF-51, MEM-04)', async () => {
    await stamp('0004_newer')
    await during('lock table public.items in access exclusive mode', async () => {
      await expect(withdraw()).rejects.toMatchObject({
        name: 'Ledger.OtherRevision',
        category: 'refused',
        message: expect.stringContaining('says "0004_newer"; expected is one of "0003_items", "0002_users"'),
      })
    })
    await world.asOwner('drop table public.alembic_version')
    await expect(withdraw()).rejects.toMatchObject({ name: 'Ledger.NotThere' })
    expect(await relation('public.items')).toBe(true)
  })

  test('a ledger that stands at the target already is left there, and stays there after undo', async () => {
    await stamp('0002_users')
    expect((await withdraw()).changed).toBe(true)
    await undo()
    expect(await revisions()).toEqual(['0002_users'])
  })

  test('the heads of other branches stay as they are; two that are both to be undone are refused', async () => {
    await world.asOwner(`insert into public.alembic_version values ('b7_other_branch')`)
    await withdraw()
    expect(await revisions()).toEqual(['0002_users', 'b7_other_branch'])
    await undo()
    await world.asOwner(`insert into public.alembic_version values ('0002_users')`)
    await expect(
      world.session((session) =>
        retire(session, {
          ...{ plan: PLAN, retirement: 'inc-2' as never, tables: SMALL_TABLES, allow: [], ledger, clock },
        }),
      ),
    ).rejects.toMatchObject({ name: 'Ledger.OtherRevision' })
  })

  test('a migration that is under way is waited for in short tries, and who reads the ledger passes', async () => {
    await during(`update public.alembic_version set version_num = '0004_newer'`, async () => {
      const refused = expect(withdraw({ deadlineMs: 700 })).rejects.toMatchObject({ name: 'Locks.NotAcquired' })
      expect(await revisions()).toEqual(['0003_items'])
      await refused
    })
    await during('select from public.alembic_version', async () => {
      expect((await withdraw({ deadlineMs: 700 })).changed).toBe(true)
    })
  })

  test('a role that may not move the ledger is told what to grant', async () => {
    await world.query(`alter table public.alembic_version owner to postgres`)
    await expect(withdraw()).rejects.toMatchObject({
      name: 'Ledger.NotGranted',
      fix: expect.stringContaining(`grant select, update on "public"."alembic_version" to "${world.db.master}"`),
    })
    await world.query(`grant select, update on public.alembic_version to "${world.db.master}"`)
    expect((await withdraw()).changed).toBe(true)
  })

  test('undo after another migration is refused and moves nothing; with the ledger back, it goes', async () => {
    await withdraw()
    await stamp('0004_newer')
    await expect(undo()).rejects.toMatchObject({ name: 'Ledger.OtherRevision' })
    expect(await relation('public.items')).toBe(false)
    await stamp('0002_users')
    expect(await undo()).toMatchObject({ changed: true })
    expect(await revisions()).toEqual(['0003_items'])
  })

  test('a restore from the snapshot of what was purged brings the ledger back in the transaction of the swap', async () => {
    const before = world.dump()
    await withdraw()
    await snapshotAll(world)
    await purgeChosen(world)
    expect(await revisions()).toEqual(['0002_users'])
    expect(await restoreAll(world)).toMatchObject({ changed: true })
    expect(await revisions()).toEqual(['0003_items'])
    expect(world.dump()).toBe(before)
    // From then on it is the application's again.
    await stamp('0004_newer')
    expect(await chosen(false)).toMatchObject({ source: 'snapshot' })
  })

  test('a restore after another migration is refused before anything is loaded, unless its drift is accepted: then the ledger stays', async () => {
    await withdraw()
    await snapshotAll(world)
    await purgeChosen(world)
    await stamp('0004_newer')
    await expect(chosen(false)).rejects.toMatchObject({ name: 'Ledger.OtherRevision', category: 'refused' })
    expect(await chosen(true)).toMatchObject({ source: 'snapshot', acceptDrift: true })
    await expect(restoreAll(world)).rejects.toMatchObject({ name: 'Ledger.OtherRevision' })
    expect(await relation('public.items')).toBe(false)
    expect(await swap('accepted')).toMatchObject({ changed: true })
    expect(await relation('public.items')).toBe(true)
    expect(await revisions()).toEqual(['0004_newer'])
  })
})

describePostgres('undoing a migration that destroys no row', () => {
  const USERS = { schema: 'public', name: 'users' }
  const INDEX = { schema: 'public', name: 'users_nickname_idx' }
  const UNDO = 'drop index public.users_nickname_idx; alter table public.users alter column nickname set not null'
  const undoIt = (script = UNDO, deadlineMs = 60_000) =>
    world.session((session) =>
      migrate(session, {
        ...{ move: ledger, script, locks: [USERS], gone: [INDEX], clock },
        lockOptions: { deadlineMs },
      }),
    )

  test('its file and the ledger change in one transaction, and the second run finds it done (DEF-51, DEF-65)', async () => {
    expect(await undoIt()).toEqual({ changed: true, before: '0003_items' })
    expect(await relation('public.users_nickname_idx')).toBe(false)
    expect(await revisions()).toEqual(['0002_users'])
    expect(await undoIt('select 1/0')).toEqual({ changed: false, before: '0002_users' })
  })

  test('an error in its middle leaves schema and ledger as they were', async () => {
    await expect(undoIt(`${UNDO}; select 1/0`)).rejects.toMatchObject({ name: expect.stringContaining('Postgres.') })
    expect(await relation('public.users_nickname_idx')).toBe(true)
    expect(await revisions()).toEqual(['0003_items'])
  })

  test('a file that leaves behind what has to be gone is rolled back', async () => {
    await expect(undoIt('select 1')).rejects.toMatchObject({ name: 'Ledger.StillThere' })
    expect(await revisions()).toEqual(['0003_items'])
  })

  test('a ledger that was moved without the migration is not believed', async () => {
    await stamp('0002_users')
    await expect(undoIt()).rejects.toMatchObject({ name: 'Ledger.Ahead', category: 'refused' })
    expect(await relation('public.users_nickname_idx')).toBe(true)
  })

  test('a database at another revision is refused, and nothing runs', async () => {
    await stamp('0004_newer')
    await expect(undoIt()).rejects.toMatchObject({ name: 'Ledger.OtherRevision', category: 'refused' })
    expect(await relation('public.users_nickname_idx')).toBe(true)
  })

  test('behind a long reader it makes nobody queue: other readers pass while it tries (DEF-11)', async () => {
    await during('select from public.users', async () => {
      const reader = new Client(world.db.superuserUrl)
      await reader.connect()
      await reader.query(`set lock_timeout = '1s'`)
      let trying = true
      const refused = expect(undoIt(UNDO, 2_500))
        .rejects.toMatchObject({ name: 'Locks.NotAcquired' })
        .finally(() => {
          trying = false
        })
      let reads = 0
      for (; trying; reads += 1) await reader.query('select pg_sleep(0.02), count(*) from public.users')
      await refused
      await reader.end()
      expect(reads).toBeGreaterThan(10)
    })
    expect(await undoIt()).toMatchObject({ changed: true })
  })
})
