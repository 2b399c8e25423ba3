import { StopExecutionCommand } from '@aws-sdk/client-sfn'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sfnClient } from '#aws/sfn-client.ts'
import { type Incident, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { writeFlag } from '#core/incident/write-flag.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { FlagPath, IncidentId, PlanName } from '#core/names.ts'
import type { Flags } from '#core/ports.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Passing, startWire, type Wire } from '#test/faults/wire.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

const LEASE = keys.lease(PLAN as PlanName)
const INDEX = 'embeddings_embedding_idx'
const RETIRED = `select relname from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`
/** Whatever is not PostgreSQL's own, nor in the schema of retired tables. */
const TABLES = `
  select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'vector_rollback_retired')
  union all select n.nspname from pg_namespace n where n.nspname !~ '^pg_' and n.nspname <> 'vector_rollback_retired' order by 1`

describePostgres('a holder that is paused, and wakes up after another run has taken over', () => {
  let world: World
  let wire: Wire
  beforeEach(async () => {
    world = await startWorld({ rows: 60 })
    await world.stack.flags.write(FLAG as never, 'true')
    wire = await startWire(world.db.url)
    // The functions read where the database is each time that they want it.
    process.env.DATABASE_URL = wire.url
  })
  afterEach(async () => {
    await world?.close()
    await wire?.close()
  })

  const begin = async (name: string, path: string, more: object = {}) => {
    const { arn } = await world.stack.executions.start(name, { plan: PLAN, path, reason: 'a test', ...more })
    const outcome = async () => {
      await world.stack.waitFor(arn)
      return outcomeOf(arn, name as IncidentId, world.stack)
    }
    return { arn, outcome }
  }
  /** What a claim does, less its questions; the new holder has not come to the database yet. */
  const takeLease = async () => {
    const held = await readJson(world.stack.objects, LEASE)
    const { epoch } = held?.value as { epoch: number }
    await writeJson(world.stack.objects, LEASE, { ...(held?.value as object), epoch: epoch + 1, incident: 'another' })
  }
  const sessions = async (kind: string) => {
    const name = `like 'vector-rollback:${PLAN}:1:${kind}%'`
    return world.query(`select 1 from pg_stat_activity where application_name ${name} and datname = current_database()`)
  }
  const gone = (kind: string) =>
    vi.waitUntil(async () => (await sessions(kind)).length === 0, { timeout: 20_000, interval: 20 })
  const index = () => world.query(`select indisvalid from pg_index where indexrelid = to_regclass('public.${INDEX}')`)

  /** Stops the run at a request, lets another one claim the lease, lets it go on; and what became of it. */
  const overtaken = async (path: string, passing: Passing, more: object = {}) => {
    const paused = wire.before(passing)
    const run = await begin('first', path, more)
    await paused
    const before = await dumpSchema(world.db)
    await takeLease()
    wire.release()
    const { problem } = await run.outcome()
    return { problem, unchanged: (await dumpSchema(world.db)) === before }
  }

  describe('changes nothing, although the tables are free', () => {
    test('retires nothing', async () => {
      const { problem, unchanged } = await overtaken('full', [':retire', 'in access exclusive mode'])
      expect(problem).toMatchObject({ error: 'Lease.Lost', category: 'busy' })
      expect(unchanged).toBe(true)
      expect(await world.query(RETIRED)).toEqual([])
    })

    test('moves nothing back', async () => {
      await world.run('full')
      const { problem, unchanged } = await overtaken('restore', [':undo-retire', 'in access exclusive mode'])
      expect(problem?.error).toBe('Lease.Lost')
      expect(unchanged).toBe(true)
      expect(await world.query(RETIRED)).toHaveLength(2)
    })

    test('swaps nothing in', async () => {
      const { incident } = await world.run('full')
      await world.run('restore')
      world.approvers = EVERYBODY
      const swap = await overtaken('restore', [':swap-in', 'in access exclusive mode'], { snapshot: incident })
      expect(swap.problem?.error).toBe('Lease.Lost')
      expect(swap.unchanged).toBe(true)
    })

    test.each<[string, Passing]>([
      ['waits for its locks', [':purge', 'in access exclusive mode']],
      ['compares the rows under them', [':purge', 'in access exclusive mode', 'record_send']],
    ])('purges nothing when it %s', async (_where, passing) => {
      await world.run('full')
      world.stack.clock.travel(8 * 86_400_000)
      world.approvers = EVERYBODY
      const { problem, unchanged } = await overtaken('purge', passing)
      expect(problem?.error).toBe('Lease.Lost')
      expect(unchanged).toBe(true)
      expect(await world.query(RETIRED)).toHaveLength(2)
    })

    test('drops no index', async () => {
      const { problem } = await overtaken('partial', [':drop-indexes', 'pg_index'])
      expect(problem?.error).toBe('Lease.Lost')
      expect(await index()).toEqual([{ indisvalid: true }])
    })

    test('builds no index', async () => {
      await world.run('partial')
      const { problem } = await overtaken('restore', [':build-indexes', 'hashtextextended', 'maintenance_work_mem'])
      expect(problem?.error).toBe('Lease.Lost')
      expect(await index()).toEqual([])
    })
  })

  describe('is ended by the one that took over, before that one does anything', () => {
    /** Stops the execution at a request, runs another path to its end, lets the first go on. */
    const takenOver = async (path: string, passing: Passing) => {
      const paused = wire.before(passing)
      const run = await begin('first', path)
      await paused
      await sfnClient().send(new StopExecutionCommand({ executionArn: run.arn }))
      const other = await (await begin('second', 'flag')).outcome()
      expect(other.problem).toBeNull()
      return other
    }

    test('a DROP INDEX CONCURRENTLY that it was about to send comes too late', async () => {
      await takenOver('partial', [':drop-indexes', 'drop index concurrently'])
      expect(await sessions('drop-indexes')).toEqual([])
      wire.release()
      expect(await index()).toEqual([{ indisvalid: true }])
    })

    test('a CREATE INDEX that it was about to send comes too late', async () => {
      await world.run('partial')
      const paused = wire.before([':build-indexes', 'create index concurrently'])
      const run = await begin('first', 'restore')
      await paused
      await sfnClient().send(new StopExecutionCommand({ executionArn: run.arn }))
      expect((await (await begin('second', 'flag')).outcome()).problem).toBeNull()
      expect(
        await world.query(`select 1 from pg_stat_activity where application_name like 'vector-rollback:${PLAN}:2:%'`),
      ).toEqual([])
      wire.release()
      expect(await index()).toEqual([])
    })

    test('also when it connects only after that: it finds the lease gone', async () => {
      const { report } = await takenOver('full', [':retire'])
      expect(report?.outcome).toBe('rolled-back')
      const before = await dumpSchema(world.db)
      wire.release()
      await gone('retire')
      expect(await dumpSchema(world.db)).toBe(before)
      expect(await world.query(RETIRED)).toEqual([])
    })

    test('a DROP INDEX CONCURRENTLY that waits for an old transaction does not go on when that one ends', async () => {
      const old = new Client(world.db.superuserUrl)
      old.on('error', () => undefined)
      await old.connect()
      onTestFinished(() => old.end())
      await old.query('begin; lock table public.embeddings in access share mode')
      const run = await begin('first', 'partial')
      const waiting = `select 1 from pg_stat_activity
        where datname = current_database() and query like 'drop index concurrently%' and wait_event_type = 'Lock'`
      await vi.waitUntil(async () => (await world.query(waiting)).length > 0, { timeout: 20_000, interval: 20 })
      await sfnClient().send(new StopExecutionCommand({ executionArn: run.arn }))
      expect((await (await begin('second', 'flag')).outcome()).problem).toBeNull()
      expect(await sessions('drop-indexes')).toEqual([])
      await old.query('rollback')
      // PostgreSQL marks it before it waits; the next drop takes it away.
      expect(await index()).toEqual([{ indisvalid: false }])
      expect((await world.run('partial')).problem).toBeNull()
      expect(await index()).toEqual([])
    })

    test('and the report of the new run names what it ended', async () => {
      const { report } = await takenOver('partial', [':drop-indexes', 'drop index concurrently'])
      const evidence = report?.steps.find(({ kind }) => kind === 'preserve-evidence')
      expect(evidence?.detail).toContain(`"vector-rollback:${PLAN}:1:drop-indexes" of an earlier run ended`)
      wire.release()
    })
  })

  describe('sets no flag on', () => {
    const parameter = FLAG as FlagPath
    const flag = { safe: 'false', on: 'true' }
    let run: Run
    beforeEach(async () => {
      const { incident } = await world.run('flag')
      const found = (await readIncident(world.stack.objects, incident)) as Incident
      const { plan, planDigest, execution, epoch, path, drill } = found
      run = { plan, planDigest, incident, execution, epoch, path, drill } as Run
      const held = (await readJson(world.stack.objects, LEASE))?.value as object
      await writeJson(world.stack.objects, LEASE, { ...held, released: false })
    })
    const set = (flags: Partial<Flags>, to: 'safe' | 'on' = 'on') => {
      const { objects, flags: real } = world.stack
      return writeFlag(run, { parameter, flag, to }, { objects, flags: { ...real, ...flags } })
    }
    const value = async () => (await world.stack.flags.read(parameter))?.value

    test('unless it still holds the lease', async () => {
      expect(await set({})).toBe(true)
      expect(await value()).toBe('true')
      expect(await set({})).toBe(false)
      expect(await set({}, 'safe')).toBe(true)
    })

    test('when it is paused before it looks at the lease', async () => {
      const read = async (path: FlagPath) => {
        await takeLease()
        return world.stack.flags.read(path)
      }
      await expect(set({ read })).rejects.toMatchObject({ name: 'Lease.Lost' })
      expect(await value()).toBe('false')
    })

    test('when it is paused right before the write: what it wrote too late it takes back', async () => {
      const written: string[] = []
      const write = async (path: FlagPath, to: string) => {
        if (written.push(to) === 1) await takeLease()
        return world.stack.flags.write(path, to)
      }
      await expect(set({ write })).rejects.toMatchObject({ name: 'Lease.Lost' })
      expect(written).toEqual(['true', 'false'])
      expect(await value()).toBe('false')
    })

    test('and is not held up by the lease when it makes things safe a moment too late', async () => {
      await world.stack.flags.write(parameter, 'true')
      const write = async (path: FlagPath, to: string) => {
        await takeLease()
        return world.stack.flags.write(path, to)
      }
      expect(await set({ write }, 'safe')).toBe(true)
      expect(await value()).toBe('false')
    })
  })

  test('no table and no schema of ours is left in the database, that of retired tables aside', async () => {
    const before = await world.query(TABLES)
    const { incident } = await world.run('full')
    await world.run('restore')
    world.approvers = EVERYBODY
    expect((await world.run('restore', { snapshot: incident })).problem).toBeNull()
    await world.run('partial')
    expect(await world.query(TABLES)).toEqual(before)
  })
})
