import { StopExecutionCommand } from '@aws-sdk/client-sfn'
import { Client } from 'pg'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sfnClient } from '#aws/sfn-client.ts'
import type { Run } from '#core/incident/run.ts'
import { writeFlag } from '#core/incident/write-flag.ts'
import type { FlagPath } from '#core/names.ts'
import type { Flags } from '#core/ports.ts'
import type { Passing } from '#test/faults/wire.ts'
import { RETIRED, useWired, type Wired, wiredOnce } from '#test/faults/wired-world.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG } from '#test/support/paths.ts'

const INDEX = 'embeddings_embedding_idx'
/** Whatever is not PostgreSQL's own, nor in the schema of retired tables. */
const TABLES = `
  select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'vector_rollback_retired')
  union all select n.nspname from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'vector_rollback_retired' order by 1`

const index = ({ query }: Wired) =>
  query(`select indisvalid from pg_index where indexrelid = to_regclass('public.${INDEX}')`)

let runs = 0
/** Stops a run at a request. */
const paused = async (world: Wired, path: string, passing: Passing, more: object = {}) => {
  const caught = world.wire.before(passing)
  const run = await world.begin(`paused-${++runs}`, path, more)
  await caught
  return run
}

/** Stops the run at a request, lets another one claim the lease, lets it go on; and what became of it. */
const overtaken = async (world: Wired, path: string, passing: Passing, more: object = {}) => {
  const run = await paused(world, path, passing, more)
  const before = await dumpSchema(world.db)
  await world.takeLease()
  world.wire.release()
  const { problem } = await run.outcome()
  return { problem, unchanged: (await dumpSchema(world.db)) === before }
}

/** Stops the execution at a request, and runs another path to its end. */
const takenOver = async (world: Wired, path: string, passing: Passing) => {
  const { arn } = await paused(world, path, passing)
  await sfnClient().send(new StopExecutionCommand({ executionArn: arn }))
  const other = await world.run('flag')
  expect(other.problem).toBeNull()
  return other
}

describePostgres('a holder that is paused, and wakes up after another run has taken over', () => {
  describe('changes nothing, although the tables are free', () => {
    const given = useWired()

    test('retires nothing, and leaves the lease to its new holder', async () => {
      const world = given()
      const { problem, unchanged } = await overtaken(world, 'full', [':retire', 'in access exclusive mode'])
      expect(problem).toMatchObject({ error: 'Lease.Lost', category: 'busy' })
      expect(unchanged).toBe(true)
      expect(await world.query(RETIRED)).toEqual([])
      expect(await world.flag()).toBe('false')
      expect(await world.lease()).toMatchObject({ incident: 'another', released: false })
    })

    test('drops no index', async () => {
      const { problem } = await overtaken(given(), 'partial', [':drop-indexes', 'pg_index'])
      expect(problem?.error).toBe('Lease.Lost')
      expect(await index(given())).toEqual([{ indisvalid: true }])
    })
  })

  describe('leaves what was retired where it is', () => {
    const given = useWired(async (world) => {
      await world.run('full')
      world.stack.clock.travel(8 * 86_400_000)
      world.approvers = EVERYBODY
    })

    test.each<[string, string, Passing]>([
      ['moves nothing back', 'restore', [':undo-retire', 'in access exclusive mode']],
      ['purges nothing when it waits for its locks', 'purge', [':purge', 'in access exclusive mode']],
      [
        'purges nothing when it compares the rows under them',
        'purge',
        [':purge', 'in access exclusive mode', 'record_send'],
      ],
    ])('%s', async (_what, path, passing) => {
      const { problem, unchanged } = await overtaken(given(), path, passing)
      expect(problem?.error).toBe('Lease.Lost')
      expect(unchanged).toBe(true)
      expect(await given().query(RETIRED)).toHaveLength(2)
    })
  })

  test('swaps nothing in', async () => {
    const world = await wiredOnce()
    const { incident } = await world.run('full')
    await world.run('restore')
    world.approvers = EVERYBODY
    const swap = await overtaken(world, 'restore', [':swap-in', 'in access exclusive mode'], { snapshot: incident })
    expect(swap.problem?.error).toBe('Lease.Lost')
    expect(swap.unchanged).toBe(true)
  })

  describe('builds no index', () => {
    const given = useWired((world) => world.run('partial'))

    test('although its table is free', async () => {
      const passing: Passing = [':build-indexes', 'hashtextextended', 'maintenance_work_mem']
      const { problem } = await overtaken(given(), 'restore', passing)
      expect(problem?.error).toBe('Lease.Lost')
      expect(await index(given())).toEqual([])
    })

    test('with a CREATE INDEX that it was about to send: the one that took over has ended its session', async () => {
      const world = given()
      await takenOver(world, 'restore', [':build-indexes', 'create index concurrently'])
      expect(await world.sessions('build-indexes')).toEqual([])
      world.wire.release()
      expect(await index(world)).toEqual([])
    })
  })

  describe('is ended by the one that took over, before that one does anything', () => {
    const given = useWired()

    test('also when it connects only after that: it finds the lease gone', async () => {
      const world = given()
      const { report } = await takenOver(world, 'full', [':retire'])
      expect(report?.outcome).toBe('rolled-back')
      const before = await dumpSchema(world.db)
      world.wire.release()
      await vi.waitUntil(async () => (await world.sessions('retire')).length === 0, { timeout: 20_000, interval: 20 })
      expect(await dumpSchema(world.db)).toBe(before)
      expect(await world.query(RETIRED)).toEqual([])
    })

    test('a DROP INDEX CONCURRENTLY that it was about to send comes too late, and the report of the new run names it', async () => {
      const world = given()
      const { report } = await takenOver(world, 'partial', [':drop-indexes', 'drop index concurrently'])
      expect(await world.sessions('drop-indexes')).toEqual([])
      world.wire.release()
      expect(await index(world)).toEqual([{ indisvalid: true }])
      const evidence = report?.steps.find(({ kind }) => kind === 'preserve-evidence')
      expect(evidence?.detail).toMatch(/"vector-rollback:pgvector-search:\d+:drop-indexes" of an earlier run ended/)
    })
  })

  test('a DROP INDEX CONCURRENTLY that waits for an old transaction does not go on when that one ends', async () => {
    const world = await wiredOnce()
    const old = new Client(world.db.superuserUrl)
    old.on('error', () => undefined)
    await old.connect()
    onTestFinished(() => old.end())
    await old.query('begin; lock table public.embeddings in access share mode')
    const run = await world.begin('waiting', 'partial')
    const waiting = `select 1 from pg_stat_activity
      where datname = current_database() and query like 'drop index concurrently%' and wait_event_type = 'Lock'`
    await vi.waitUntil(async () => (await world.query(waiting)).length > 0, { timeout: 20_000, interval: 20 })
    await sfnClient().send(new StopExecutionCommand({ executionArn: run.arn }))
    expect((await world.run('flag')).problem).toBeNull()
    expect(await world.sessions('drop-indexes')).toEqual([])
    await old.query('rollback')
    // PostgreSQL marks it before it waits; the next drop takes it away.
    expect(await index(world)).toEqual([{ indisvalid: false }])
    expect((await world.run('partial')).problem).toBeNull()
    expect(await index(world)).toEqual([])
  })

  describe('sets no flag on', () => {
    const parameter = FLAG as FlagPath
    const flag = { safe: 'false', on: 'true' }
    let run: Run
    const given = useWired(async (world) => {
      run = await world.runOf((await world.run('flag')).incident)
    })
    beforeEach(async () => {
      await given().giveLease(run)
      await given().stack.flags.write(parameter, 'false')
    })
    const set = (flags: Partial<Flags>, to: 'safe' | 'on' = 'on') => {
      const { objects, flags: real } = given().stack
      return writeFlag(run, { parameter, flag, to }, { objects, flags: { ...real, ...flags } })
    }
    const value = async () => (await given().stack.flags.read(parameter))?.value

    test('unless it still holds the lease', async () => {
      expect(await set({})).toBe(true)
      expect(await value()).toBe('true')
      expect(await set({})).toBe(false)
      expect(await set({}, 'safe')).toBe(true)
    })

    test('when it is paused before it looks at the lease', async () => {
      const read = async (path: FlagPath) => {
        await given().takeLease()
        return given().stack.flags.read(path)
      }
      await expect(set({ read })).rejects.toMatchObject({ name: 'Lease.Lost' })
      expect(await value()).toBe('false')
    })

    test('when it is paused right before the write: what it wrote too late it takes back', async () => {
      const written: string[] = []
      const write = async (path: FlagPath, to: string) => {
        if (written.push(to) === 1) await given().takeLease()
        return given().stack.flags.write(path, to)
      }
      await expect(set({ write })).rejects.toMatchObject({ name: 'Lease.Lost' })
      expect(written).toEqual(['true', 'false'])
      expect(await value()).toBe('false')
    })

    test('and is not held up by the lease when it makes things safe a moment too late', async () => {
      await given().stack.flags.write(parameter, 'true')
      const write = async (path: FlagPath, to: string) => {
        await given().takeLease()
        return given().stack.flags.write(path, to)
      }
      expect(await set({ write }, 'safe')).toBe(true)
      expect(await value()).toBe('false')
    })
  })

  test('no table and no schema of ours is left in the database, that of retired tables aside', async () => {
    const world = await wiredOnce()
    const before = await world.query(TABLES)
    const { incident } = await world.run('full')
    await world.run('restore')
    world.approvers = EVERYBODY
    expect((await world.run('restore', { snapshot: incident })).problem).toBeNull()
    await world.run('partial')
    expect(await world.query(TABLES)).toEqual(before)
  })
})
