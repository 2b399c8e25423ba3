import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Incident, readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { ALL_PLANS, writeSwitch } from '#core/incident/switch.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import { STEPS } from '#core/steps/registry.ts'
import { outcomeOf } from '#local/outcome.ts'
import { asksFirst, stepInputs } from '#test/faults/step-inputs.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

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
    const inputs = stepInputs('full-1')
    beforeAll(async () => {
      const { plan, planDigest, execution, epoch, path, drill } = (await readIncident(
        world.stack.objects,
        'full-1' as IncidentId,
      )) as Incident
      run = { plan, planDigest, incident: 'full-1', execution, epoch, path, drill } as Run
    })
    beforeEach(async () => {
      const lease = (await readJson(world.stack.objects, keys.lease(PLAN as PlanName)))?.value as object
      const held = { ...lease, incident: 'full-1', epoch: run.epoch, released: false }
      await writeJson(world.stack.objects, keys.lease(PLAN as PlanName), held)
    })
    const asking = STEPS.map(({ kind }) => kind).filter(asksFirst)

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
