import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sfnClient } from '#aws/sfn-client.ts'
import { type Incident, readEvents, readIncident } from '#core/incident/incident.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG, PLAN, PLAN_FOLDER, startWorld, type World } from '#test/support/paths.ts'

const LEASE = `leases/${PLAN}.json`
const RETIRED = `select relname from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`

interface Task {
  readonly FunctionName: string
  readonly Payload: unknown
}

const WORKLOAD = { platform: 'ecs', cluster: 'app', service: 'web' }

describePostgres('one rollback of a plan at a time', () => {
  let world: World
  let plans: string
  let wire: Wire
  let schema: string
  beforeEach(async () => {
    plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
    await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
    world = await startWorld({ rows: 60, plansDirectory: plans })
    await world.stack.flags.write(FLAG as never, 'true')
    schema = await dumpSchema(world.db)
    wire = await startWire(world.db.url)
    // The functions read where the database is each time that they want it.
    process.env.DATABASE_URL = wire.url
  })
  afterEach(async () => {
    await world?.close()
    await wire?.close()
    await rm(plans, { recursive: true, force: true })
  })

  const flag = async () => (await world.stack.flags.read(FLAG as never))?.value
  const retirements = async () => {
    const there = `select 1 from pg_class where oid = to_regclass('vector_rollback_retired.retirements')`
    if ((await world.query(there)).length === 0) return []
    return (await world.query<{ id: string }>('select id from vector_rollback_retired.retirements')).map(({ id }) => id)
  }
  const lease = async () => (await readJson(world.stack.objects, LEASE))?.value as { incident: string; epoch: number }
  const begin = async (name: string, path: string) => {
    const { arn } = await world.stack.executions.start(name, { plan: PLAN, path, reason: 'a test' })
    const incident = name as IncidentId
    return {
      arn,
      outcome: async () => {
        await world.stack.waitFor(arn)
        return outcomeOf(arn, incident, world.stack)
      },
    }
  }
  /** What every step of a run is given. */
  const runOf = async (incident: IncidentId): Promise<Run> => {
    const found = (await readIncident(world.stack.objects, incident)) as Incident
    const { plan, planDigest, execution, epoch, path, drill } = found
    return { plan, planDigest, incident, execution, epoch, path, drill } as Run
  }
  /** What a claim does, less its questions. */
  const takeLease = async () => {
    const held = await readJson(world.stack.objects, LEASE)
    const { epoch } = held?.value as { epoch: number }
    await writeJson(world.stack.objects, LEASE, { ...(held?.value as object), epoch: epoch + 1, incident: 'another' })
  }
  const changePlan = () => appendFile(join(plans, PLAN, 'plan.yaml'), '\n# A deployment in the middle of a run.\n')
  /** A session of the application that holds a table. */
  const application = async () => {
    const client = new Client(world.db.superuserUrl)
    client.on('error', () => undefined)
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('begin; lock table public.embeddings in access share mode')
    return client
  }
  const sessionOf = async (kind: string) => {
    const name = `like 'vector-rollback:${PLAN}:%:${kind}'`
    const found = `select pid from pg_stat_activity where datname = current_database() and application_name ${name}`
    return (await world.query<{ pid: number }>(found))[0]?.pid ?? null
  }
  const until = <T>(condition: () => Promise<T>) => vi.waitUntil(condition, { timeout: 20_000, interval: 10 })

  test('of two runs at once one works and the other joins it, with its request in the record of the first', async () => {
    const runs = await Promise.all(['first', 'second'].map((name) => begin(name, 'full')))
    const outcomes = await Promise.all(runs.map(({ outcome }) => outcome()))
    expect(outcomes.map(({ problem }) => problem)).toEqual([null, null])
    expect(outcomes.filter(({ joined }) => joined)).toHaveLength(1)
    const { incident: holder } = await lease()
    const joiner = holder === 'first' ? 'second' : 'first'
    expect(await retirements()).toEqual([holder])
    const joined = await readAllJson(world.stack.objects, `incidents/${holder}/joined/`)
    expect(joined.map(({ value }) => value)).toMatchObject([
      { incident: joiner, request: { plan: PLAN, path: 'full' } },
    ])
    expect(await readEvents(world.stack.objects, joiner as IncidentId)).toEqual([])
    const kinds = (await readEvents(world.stack.objects, holder as IncidentId)).map(({ kind }) => kind)
    for (const kind of ['retire', 'list-parts', 'seal-snapshot', 'verify', 'report'])
      expect(kinds.filter((other) => other === kind)).toEqual([kind])
  })

  test('a run whose execution was stopped is taken over with a higher epoch, and its session, which waits for a lock, is ended', async () => {
    const reader = await application()
    const first = await begin('first', 'full')
    const paused = await until(() => sessionOf('retire'))
    await sfnClient().send(new StopExecutionCommand({ executionArn: first.arn }))
    const second = await begin('second', 'full')
    // The table is still held: this session ends because it is ended.
    await until(async () => (await world.query(`select 1 from pg_stat_activity where pid = ${paused}`)).length === 0)
    await reader.query('rollback')
    const { problem, report } = await second.outcome()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await retirements()).toEqual(['second'])
    expect(await readIncident(world.stack.objects, 'second' as IncidentId)).toMatchObject({
      epoch: 2,
      tookOver: 'first',
    })
    expect(await lease()).toMatchObject({ incident: 'second', epoch: 2, released: true })
  })

  test('a run that lost its lease changes nothing any more, and leaves the lease to its new holder', async () => {
    const about = wire.before(['pg_try_advisory_lock']).then(takeLease)
    const full = begin('first', 'full')
    await about
    wire.cut()
    const { problem } = await (await full).outcome()
    expect(problem).toMatchObject({ error: 'Lease.Lost', category: 'busy' })
    expect(await dumpSchema(world.db)).toBe(schema)
    expect(await retirements()).toEqual([])
    expect(await flag()).toBe('false')
    expect(await lease()).toMatchObject({ incident: 'another', epoch: 2, released: false })
  })

  test('a run that lost its lease half-way, between two steps, seals nothing', async () => {
    const about = wire.before(['copy (select']).then(takeLease)
    const full = begin('first', 'full')
    await about
    wire.cut()
    const { problem } = await (await full).outcome()
    expect(problem).toMatchObject({ error: 'Lease.Lost', category: 'busy' })
    const kept = await readAllJson(world.stack.objects, `snapshots/${PLAN}/`)
    expect(kept.filter(({ key }) => key.endsWith('manifest.json'))).toEqual([])
  })

  test('every step that changes something is refused to a run that was overtaken', async () => {
    await world.run('partial')
    const { incident } = await world.run('full')
    const [retirement] = await retirements()
    const run = await runOf(incident)
    await world.run('flag')
    const before = await dumpSchema(world.db)
    const restore = { restore: { snapshot: retirement, retirement } }
    const steps: Record<string, object> = {
      'drop-indexes': { indexes: [{ schema: 'public', name: 'embeddings_embedding_idx' }] },
      drain: { count: 'sql/longest-query.sql', within: 60_000 },
      migrate: {
        ...{ ledger: { schema: 'public', name: 'alembic_version' }, column: 'version_num', from: ['b'], to: 'a' },
        ...{ file: 'sql/longest-query.sql', locks: [], gone: [] },
      },
      'run-sql': { file: 'sql/longest-query.sql' },
      'set-flag': { flag: 'VECTOR_SEARCH_ENABLED', to: 'on' },
      'restore-config': { path: '/app/{env}/search/' },
      throttle: { set: { '/app/{env}/LIMIT': '1' } },
      'parameter-group': { group: 'app', of: 'instance', parameters: ['work_mem'], reboot: 'ask' },
      capacity: { cluster: 'app', min: 1, max: 2 },
      'rds-snapshot': { cluster: 'app' },
      webhook: { webhook: 'pager', say: 'help' },
      'run-command': { document: 'restart', targets: { InstanceIds: ['i-1'] } },
      'previous-version': { workload: WORKLOAD, to: 'web:1', within: 1000 },
      restart: { workload: WORKLOAD, why: '', within: 1000 },
      scale: { workload: WORKLOAD, to: 0, within: 1000 },
      retire: {},
      'list-parts': { retirement },
      'seal-snapshot': { retirement },
      'undo-retire': restore,
      'prepare-restore': restore,
      'add-constraints': restore,
      'compare-restore': restore,
      'set-aside': restore,
      'put-back': { ...restore, copies: 'keep' },
      'swap-in': restore,
    }
    for (const [kind, input] of Object.entries(steps))
      await expect(world.stack.invoke(kind, { run, input }), kind).rejects.toMatchObject({ errorType: 'Lease.Lost' })
    expect(await dumpSchema(world.db)).toBe(before)
    expect(await world.query(RETIRED)).toHaveLength(2)
    expect(await flag()).toBe('false')
  })

  test('every event of a run that is over changes nothing when it is delivered once more', async () => {
    const full = await begin('first', 'full')
    await full.outcome()
    await world.run('restore')
    const { events = [] } = await sfnClient().send(
      new GetExecutionHistoryCommand({ executionArn: full.arn, maxResults: 1_000 }),
    )
    const late = events.flatMap(({ taskScheduledEventDetails }): Task[] =>
      taskScheduledEventDetails?.parameters ? [JSON.parse(taskScheduledEventDetails.parameters)] : [],
    )
    const before = { schema: await dumpSchema(world.db), retirements: await retirements(), flag: await flag() }
    expect(late.map(({ FunctionName }) => FunctionName)).toContain('retire')
    for (const { FunctionName, Payload } of late)
      await world.stack.invoke(FunctionName, Payload).catch((error: unknown) => {
        expect(error, FunctionName).toMatchObject({ errorType: 'Lease.Lost' })
      })
    expect({ schema: await dumpSchema(world.db), retirements: await retirements(), flag: await flag() }).toEqual(before)
    expect((await world.run('flag')).problem).toBeNull()
  })

  test('a call that was killed without a word to the server does not lock its own run out', async () => {
    const stranded = wire.after(['pg_try_advisory_lock']).then(() => wire.strand())
    const full = begin('first', 'full')
    await stranded
    const { problem, report } = await (await full).outcome()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await until(async () => (await sessionOf('retire')) === null)).toBe(true)
  })

  test('a plan that is changed in the middle of a run stops it: contained, and nothing changed afterwards', async () => {
    const about = wire.before(['pg_try_advisory_lock']).then(changePlan)
    const full = begin('first', 'full')
    await about
    wire.cut()
    const { problem, report } = await (await full).outcome()
    expect(problem).toMatchObject({ error: 'Plan.Changed', category: 'refused' })
    expect(report?.outcome).toBe('needs-human')
    expect(await flag()).toBe('false')
    expect(await dumpSchema(world.db)).toBe(schema)
    expect(await retirements()).toEqual([])
  })

  describe('a purge that was approved', () => {
    const retiredTable = async () => (await world.query<{ relname: string }>(`${RETIRED} order by 1`))[0]?.relname
    const change = (text: (table: string) => string) => async () => {
      await world.query(text(`vector_rollback_retired."${await retiredTable()}"`))
    }
    let retired: IncidentId
    beforeEach(async () => {
      retired = (await world.run('full')).incident
      world.stack.clock.travel(8 * 86_400_000)
      world.approvers = EVERYBODY
    })

    test.for<[string, () => Promise<unknown>, string]>([
      ['an index was added', change((table) => `create index on ${table} (id)`), 'Purge.SubjectChanged'],
      [
        'a view was made of a table',
        change((table) => `create view public.v as select * from ${table}`),
        'Purge.NotCovered',
      ],
      [
        'a row was deleted',
        change((table) => `delete from ${table} where id = (select min(id) from ${table})`),
        'Purge.ChangedSinceSnapshot',
      ],
      ['another run took the lease', () => takeLease(), 'Lease.Lost'],
      ['the plan was changed', () => changePlan(), 'Plan.Changed'],
    ])('destroys nothing when, before it, %s', async ([, meanwhile, error]) => {
      const about = wire.before(['pg_try_advisory_lock']).then(meanwhile)
      const run = begin('destroy', 'purge')
      await about
      wire.cut()
      const { problem, states } = await (await run).outcome()
      expect(states.map(({ name }) => name)).toContain('Purge')
      expect(problem?.error).toBe(error)
      expect(await world.query(RETIRED)).toHaveLength(2)
    })

    test('is void for anything but what the people were shown, and worth nothing in another run', async () => {
      const { subject } = (await world.stack.invoke('choose-purge', { run: await runOf(retired), input: {} })) as {
        subject: object
      }
      const begun = wire.before(['pg_try_advisory_lock'])
      const purge = begin('destroy', 'purge')
      await begun
      const run = await runOf('destroy' as IncidentId)
      const destroy = (run: object, subject: object) => world.stack.invoke('purge', { run, input: { subject } })
      await expect(destroy(run, { ...subject, rows: 1 })).rejects.toMatchObject({ errorType: 'Approval.Void' })
      await expect(destroy({ ...run, incident: 'other' }, subject)).rejects.toMatchObject({
        errorType: 'Approval.Missing',
      })
      expect(await world.query(RETIRED)).toHaveLength(2)
      wire.cut()
      expect((await (await purge).outcome()).problem).toBeNull()
      expect(await world.query(RETIRED)).toEqual([])
    })
  })
})
