import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sfnClient } from '#aws/sfn-client.ts'
import { readEvents, readIncident } from '#core/incident/incident.ts'
import { readAllJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { STEPS } from '#core/steps/registry.ts'
import type { LocalOutcome } from '#local/outcome.ts'
import { asksFirst, stepInputs } from '#test/faults/step-inputs.ts'
import { RETIRED, startWired, type Wired, wiredOnce } from '#test/faults/wired-world.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { onlyPlan } from '#test/support/only-plan.ts'
import { EVERYBODY, PLAN } from '#test/support/paths.ts'

interface Task {
  readonly FunctionName: string
  readonly Payload: unknown
}

/** With a copy of the plan, which a deployment may change. */
const startChangeable = async () => {
  const plans = await onlyPlan(PLAN)
  const world = await startWired(plans.directory)
  const file = join(plans.directory, PLAN, 'plan.yaml')
  const text = await readFile(file, 'utf8')
  return Object.assign(world, {
    changePlan: () => writeFile(file, `${text}\n# A deployment in the middle of a run.\n`),
    planAsItWas: () => writeFile(file, text),
    end: async () => {
      await world.close()
      await world.wire.close()
      await plans.remove()
    },
  })
}

const retirements = async ({ query }: Wired) => {
  const there = `select 1 from pg_class where oid = to_regclass('vector_rollback_retired.retirements')`
  if ((await query(there)).length === 0) return []
  return (await query<{ id: string }>('select id from vector_rollback_retired.retirements')).map(({ id }) => id)
}

const until = <T>(condition: () => Promise<T>) => vi.waitUntil(condition, { timeout: 20_000, interval: 10 })

describePostgres('one rollback of a plan at a time', () => {
  describe('when two begin at once', () => {
    let world: Wired
    let outcomes: readonly LocalOutcome[]
    let holder: string
    let execution: string
    let retired: readonly string[]
    beforeAll(async () => {
      world = await startWired()
      const runs = await Promise.all(['first', 'second'].map((name) => world.begin(name, 'full')))
      outcomes = await Promise.all(runs.map(({ outcome }) => outcome()))
      holder = (await world.lease()).incident
      retired = await retirements(world)
      execution = runs.find(({ arn }) => arn.endsWith(`:${holder}`))?.arn ?? ''
      // From here on the one that worked is overtaken, and what it moved away is there again.
      await world.run('restore')
    })
    afterAll(() => world?.end())

    test('one works and the other joins it, with its request in the record of the first', async () => {
      const { objects } = world.stack
      expect(outcomes.map(({ problem }) => problem)).toEqual([null, null])
      expect(outcomes.filter(({ joined }) => joined)).toHaveLength(1)
      const joiner = holder === 'first' ? 'second' : 'first'
      expect(retired).toEqual([holder])
      const joined = await readAllJson(objects, `incidents/${holder}/joined/`)
      expect(joined.map(({ value }) => value)).toMatchObject([
        { incident: joiner, request: { plan: PLAN, path: 'full' } },
      ])
      expect(await readEvents(objects, joiner as IncidentId)).toEqual([])
      const kinds = (await readEvents(objects, holder as IncidentId)).map(({ kind }) => kind)
      for (const kind of ['retire', 'list-parts', 'seal-snapshot', 'verify', 'report'])
        expect(kinds.filter((other) => other === kind)).toEqual([kind])
    })

    test('every step that changes something is refused to the run that was overtaken', async () => {
      const run = await world.runOf(holder)
      const inputs = stepInputs(holder)
      const before = { schema: await dumpSchema(world.db), retired: await world.query(RETIRED) }
      // Those two look for an approval before they come to the lease: see below, and test/postgres/re-enable.test.ts.
      const kinds = STEPS.map(({ kind }) => kind).filter((kind) => asksFirst(kind) && !/^(purge|re-enable)$/.test(kind))
      expect(kinds).toContain('retire')
      for (const kind of kinds)
        await expect(world.stack.invoke(kind, { run, input: inputs[kind] ?? {} }), kind).rejects.toMatchObject({
          errorType: 'Lease.Lost',
        })
      expect({ schema: await dumpSchema(world.db), retired: await world.query(RETIRED) }).toEqual(before)
      expect(await world.flag()).toBe('false')
    })

    test('every event of a run that is over changes nothing when it is delivered once more', async () => {
      const history = new GetExecutionHistoryCommand({ executionArn: execution, maxResults: 1_000 })
      const { events = [] } = await sfnClient().send(history)
      const said = events.flatMap(({ taskScheduledEventDetails }) => taskScheduledEventDetails?.parameters ?? [])
      // Looks of one watch are the same event.
      const late = [...new Set(said)].map((text): Task => JSON.parse(text))
      const state = async () => ({
        schema: await dumpSchema(world.db),
        retirements: await retirements(world),
        flag: await world.flag(),
      })
      const before = await state()
      expect(late.map(({ FunctionName }) => FunctionName)).toContain('retire')
      for (const { FunctionName, Payload } of late)
        await world.stack.invoke(FunctionName, Payload).catch((error: unknown) => {
          expect(error, FunctionName).toMatchObject({ errorType: 'Lease.Lost' })
        })
      expect(await state()).toEqual(before)
      expect((await world.run('flag')).problem).toBeNull()
    })
  })

  test('a run whose execution was stopped is taken over with a higher epoch, and its session, which waits for a lock, is ended', async () => {
    const world = await wiredOnce()
    // A session of the application that holds a table.
    const reader = new Client(world.db.superuserUrl)
    reader.on('error', () => undefined)
    await reader.connect()
    onTestFinished(() => reader.end())
    await reader.query('begin; lock table public.embeddings in access share mode')
    const first = await world.begin('first', 'full')
    const paused = await until(async () => (await world.sessions('retire'))[0]?.pid)
    await sfnClient().send(new StopExecutionCommand({ executionArn: first.arn }))
    const second = await world.begin('second', 'full')
    // The table is still held: this session ends because it is ended.
    await until(async () => (await world.query(`select 1 from pg_stat_activity where pid = ${paused}`)).length === 0)
    await reader.query('rollback')
    const { problem, report } = await second.outcome()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await retirements(world)).toEqual(['second'])
    expect(await readIncident(world.stack.objects, 'second' as IncidentId)).toMatchObject({
      epoch: 2,
      tookOver: 'first',
    })
    expect(await world.lease()).toMatchObject({ incident: 'second', epoch: 2, released: true })
  })

  test('a run that lost its lease half-way, between two steps, seals nothing', async () => {
    const world = await wiredOnce()
    const about = world.wire.before(['copy (select']).then(world.takeLease)
    const full = world.begin('first', 'full')
    await about
    world.wire.cut()
    const { problem } = await (await full).outcome()
    expect(problem).toMatchObject({ error: 'Lease.Lost', category: 'busy' })
    const kept = await readAllJson(world.stack.objects, `snapshots/${PLAN}/`)
    expect(kept.filter(({ key }) => key.endsWith('manifest.json'))).toEqual([])
  })

  test('a call that was killed without a word to the server does not lock its own run out', async () => {
    const world = await wiredOnce()
    const stranded = world.wire.after(['pg_try_advisory_lock']).then(() => world.wire.strand())
    const full = world.begin('first', 'full')
    await stranded
    const { problem, report } = await (await full).outcome()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await until(async () => (await world.sessions('retire')).length === 0)).toBe(true)
  })

  test('a plan that is changed in the middle of a run stops it: contained, and nothing changed afterwards', async () => {
    const world = await startChangeable()
    onTestFinished(() => world.end())
    const schema = await dumpSchema(world.db)
    const about = world.wire.before(['pg_try_advisory_lock']).then(world.changePlan)
    const full = world.begin('first', 'full')
    await about
    world.wire.cut()
    const { problem, report } = await (await full).outcome()
    expect(problem).toMatchObject({ error: 'Plan.Changed', category: 'refused' })
    expect(report?.outcome).toBe('needs-human')
    expect(await world.flag()).toBe('false')
    expect(await dumpSchema(world.db)).toBe(schema)
    expect(await retirements(world)).toEqual([])
  })

  // What else keeps an approved purge from destroying, step by step: test/postgres/purge.test.ts.
  describe('a purge that was approved', () => {
    let world: Awaited<ReturnType<typeof startChangeable>>
    let retired: IncidentId
    beforeAll(async () => {
      world = await startChangeable()
      retired = (await world.run('full')).incident
      world.stack.clock.travel(8 * 86_400_000)
      world.approvers = EVERYBODY
    })
    afterAll(() => world?.end())
    /** Comes to the purge of the tables, and stops there. */
    const beginPurge = async (name: string) => {
      const begun = world.wire.before(['pg_try_advisory_lock'])
      const purge = world.begin(name, 'purge')
      await begun
      return purge
    }

    test('is void for anything but what the people were shown, in another run, and when another run has taken the lease', async () => {
      const { subject } = (await world.stack.invoke('choose-purge', {
        run: await world.runOf(retired),
        input: {},
      })) as { subject: object }
      const purge = await beginPurge('overtaken')
      const run = await world.runOf('overtaken')
      const destroy = (run: object, subject: object) => world.stack.invoke('purge', { run, input: { subject } })
      await expect(destroy(run, { ...subject, rows: 1 })).rejects.toMatchObject({ errorType: 'Approval.Void' })
      await expect(destroy({ ...run, incident: 'other' }, subject)).rejects.toMatchObject({
        errorType: 'Approval.Missing',
      })
      await world.takeLease()
      world.wire.cut()
      const { problem, states } = await purge.outcome()
      expect(states.map(({ name }) => name)).toContain('Purge')
      expect(problem?.error).toBe('Lease.Lost')
      expect(await world.query(RETIRED)).toHaveLength(2)
    })

    test('destroys nothing when the plan was changed before it', async () => {
      const purge = await beginPurge('changed')
      await world.changePlan()
      world.wire.cut()
      const { problem, states } = await purge.outcome()
      await world.planAsItWas()
      expect(states.map(({ name }) => name)).toContain('Purge')
      expect(problem?.error).toBe('Plan.Changed')
      expect(await world.query(RETIRED)).toHaveLength(2)
    })
  })
})
