import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Incident, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { ALL_PLANS, writeSwitch } from '#core/incident/switch.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import { STEPS } from '#core/steps/registry.ts'
import { outcomeOf } from '#local/outcome.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

/** Kinds that change neither a database nor a flag, and containment, which only makes things safe. All others have to ask. */
const DO_NOT_ASK = [
  'contain',
  'capture',
  'open-incident',
  'notify',
  'preserve-evidence',
  'follow-delivery',
  'prove-delivery',
  'prove-delivery-outside',
  'snapshot-part',
  'verify-snapshot',
  'verify-part',
  'choose-purge',
  'ask-approval',
  'choose-restore',
  'safe-point',
  'verify',
  // Asks before it creates test data, and only then: test/core/verify/http-check.test.ts.
  'verify-outside',
  'watch',
  'gate',
  'needs-human',
  'report',
]

const WORKLOAD = { platform: 'ecs', cluster: 'app', service: 'web' }

const stop = { stopped: true, by: 'Ada', reason: 'the DBA works on it', clock: realClock }
const release = { ...stop, stopped: false }

describePostgres('the kill switch', () => {
  let world: World
  let wire: Wire
  let schema: string
  beforeAll(async () => {
    world = await startWorld({ rows: 60 })
    wire = await startWire(world.db.url)
    // The functions read where the database is each time that they want it.
    process.env.DATABASE_URL = wire.url
    await world.run('full')
    await world.run('restore')
    schema = await dumpSchema(world.db)
  })
  beforeEach(async () => {
    for (const of of [PLAN, ALL_PLANS]) await writeSwitch(world.stack.objects, of, release)
    await world.stack.flags.write(FLAG as never, 'true')
  })
  afterAll(async () => {
    await world?.close()
    await wire?.close()
  })
  const flag = async () => (await world.stack.flags.read(FLAG as never))?.value
  const unreadable = () => world.stack.objects.write(keys.switch(PLAN), 'stopped: true')

  describe('is read by every kind of step that changes something', () => {
    let run: Run
    let inputs: Record<string, object>
    beforeAll(async () => {
      const { plan, planDigest, execution, epoch, path, drill } = (await readIncident(
        world.stack.objects,
        'full-1' as IncidentId,
      )) as Incident
      run = { plan, planDigest, incident: 'full-1', execution, epoch, path, drill } as Run
      const restore = { restore: { snapshot: 'full-1', retirement: 'full-1' } }
      inputs = {
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
        'list-parts': { retirement: 'full-1' },
        'seal-snapshot': { retirement: 'full-1' },
        'undo-retire': restore,
        'prepare-restore': restore,
        'add-constraints': restore,
        'build-indexes': restore,
        'compare-restore': restore,
        'set-aside': restore,
        'put-back': { ...restore, copies: 'keep' },
        'swap-in': restore,
        're-enable': {
          subject: { askedAt: '2026-11-21T03:00:00.000Z', gates: [], unmet: [], steps: [100] },
          after: 0,
        },
      }
      const table = { schema: 'public', name: 'embeddings' }
      const hash = '0'.repeat(64)
      const bytes = { rawBytes: 1, rawSha256: hash, storedBytes: 1, storedSha256: hash }
      const part = { index: 0, key: 'x', rows: 1, digest: '0'.repeat(32), ...bytes }
      inputs['load-part'] = {
        part: { notes: 'x', restored: 'x', table, columns: ['id'], format: 'binary', part },
      }
      inputs.purge = {
        subject: {
          ...{ plan: PLAN, retirement: 'full-1', replacedBy: null, snapshot: 'full-1', extension: null },
          ...{ manifestSha256: hash, catalogueFingerprint: hash, rows: 1, bytes: 1, destroys: [] },
          tables: [{ ...table, rows: 1 }],
        },
      }
    })
    beforeEach(async () => {
      const lease = (await readJson(world.stack.objects, keys.lease(PLAN as PlanName)))?.value as object
      const held = { ...lease, incident: 'full-1', epoch: run.epoch, released: false }
      await writeJson(world.stack.objects, keys.lease(PLAN as PlanName), held)
    })
    const asking = STEPS.map(({ kind }) => kind).filter((kind) => !DO_NOT_ASK.includes(kind))

    test.each(asking)('%s changes nothing when its plan is stopped', async (kind) => {
      await writeSwitch(world.stack.objects, PLAN, stop)
      await expect(world.stack.invoke(kind, { run, input: inputs[kind] ?? {} })).rejects.toMatchObject({
        errorType: 'Switch.Stopped',
      })
    })

    test.each(
      asking,
    )('%s changes nothing when every plan is stopped, or when nobody can read whether it is', async (kind) => {
      const call = () => world.stack.invoke(kind, { run, input: inputs[kind] ?? {} })
      await writeSwitch(world.stack.objects, ALL_PLANS, stop)
      await expect(call()).rejects.toMatchObject({ errorType: 'Switch.Stopped' })
      await writeSwitch(world.stack.objects, ALL_PLANS, release)
      await unreadable()
      await expect(call()).rejects.toMatchObject({ errorType: 'Switch.Unreadable' })
    })

    test('and nothing was changed by any of them', async () => {
      expect(await flag()).toBe('true')
      expect(await dumpSchema(world.db)).toBe(schema)
    })
  })

  test('stops a run after containment: a person is told by whom, why and since when, and what to do', async () => {
    await writeSwitch(world.stack.objects, PLAN, stop)
    const { problem, report } = await world.run('full')
    expect(problem).toMatchObject({ error: 'Switch.Stopped', category: 'refused' })
    expect(problem?.text).toMatch(
      /"Ada" has stopped plan "pgvector-search" since \d{4}-.*: "the DBA works on it".*switch release pgvector-search/,
    )
    expect(report?.outcome).toBe('needs-human')
    expect(await flag()).toBe('false')
    expect(await dumpSchema(world.db)).toBe(schema)
  })

  test('that nobody can read stops everything but containment', async () => {
    await unreadable()
    const { problem } = await world.run('full')
    expect(problem).toMatchObject({ error: 'Switch.Unreadable', category: 'unreachable' })
    expect(await flag()).toBe('false')
    expect(await dumpSchema(world.db)).toBe(schema)
  })

  test('of another plan, and one that was released, stop nobody', async () => {
    await writeSwitch(world.stack.objects, 'another', stop)
    expect((await world.run('flag')).problem).toBeNull()
    expect((await world.run('partial')).problem).toBeNull()
    expect((await world.run('restore')).problem).toBeNull()
  })

  test('that is thrown while a run waits for its locks stops that run', async () => {
    const waiting = wire.before([':retire', 'in access exclusive mode'])
    const { arn } = await world.stack.executions.start('waiting', { plan: PLAN, path: 'full', reason: 'a test' })
    await waiting
    await writeSwitch(world.stack.objects, ALL_PLANS, stop)
    wire.release()
    await world.stack.waitFor(arn)
    const { problem } = await outcomeOf(arn, 'waiting' as IncidentId, world.stack)
    expect(problem?.error).toBe('Switch.Stopped')
    expect(problem?.text).toContain('"Ada" has stopped every plan')
    expect(await dumpSchema(world.db)).toBe(schema)
  })
})
