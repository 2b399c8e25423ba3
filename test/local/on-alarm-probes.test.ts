import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import type { Round } from '#core/probe/round.ts'
import { destination } from '#test/core/decide/destination-events.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, PLAN, startWorld, type World } from '#test/support/paths.ts'

describePostgres('from a canary that fails to the flag', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ rows: 30 })
  })
  afterAll(() => world?.close())
  beforeEach(() => world.stack.flags.write(FLAG as FlagPath, 'true'))

  const flag = async () => (await world.stack.flags.read(FLAG as FlagPath))?.value
  /** As Lambda does it: the answer of the one function is the event of the other. */
  const tell = async (rounds: unknown) =>
    (await world.stack.invoke(
      'on-alarm',
      destination({ environment: 'test', responsePayload: rounds }),
    )) as AlarmOutcome[]

  test('a system that is well is left alone', async () => {
    const rounds = await world.stack.invoke('probe', {})
    expect(rounds).toMatchObject([{ plan: PLAN, connectFailed: false, error: null }])
    expect(await tell(rounds)).toMatchObject([{ action: 'none', plan: PLAN, execution: null }])
    expect(await flag()).toBe('true')
  })

  test('rows of another tenant are seen by the probe, contained at once and rolled back by the state machine, once', async () => {
    await world.query('alter table public.embeddings disable row level security')
    const rounds = (await world.stack.invoke('probe', {})) as Round[]
    const [outcome, ...more] = await tell(rounds)
    expect(more).toEqual([])
    expect(outcome).toMatchObject({ action: 'started', plan: PLAN, contained: { changed: true } })
    expect(await flag()).toBe('false')
    // A copy of the event while the run goes on, and one after it.
    expect(await tell(rounds)).toMatchObject([{ execution: outcome?.execution }])
    await world.stack.waitFor(outcome?.execution ?? '')
    expect(await tell(rounds)).toMatchObject([{ action: 'joined', execution: outcome?.execution }])
    const incident = await readIncident(
      world.stack.objects,
      (outcome?.execution?.split(':').at(-1) ?? '') as IncidentId,
    )
    expect(incident).toMatchObject({
      path: 'full',
      signal: {
        name: 'cross-tenant-leak',
        severity: 'critical',
        alarm: `vector-rollback-test-${PLAN}-cross-tenant-leak`,
        at: rounds[0]?.at,
        reason: expect.stringContaining('row-security-gap'),
      },
    })
    const [row] = await world.query<{ there: boolean }>("select to_regclass('public.embeddings') is not null as there")
    expect(row?.there).toBe(false)
  })

  test('probes that crashed are told to people, and leave the flag alone', async () => {
    const sent = world.stack.messages().length
    const crashed = destination({
      environment: 'test',
      condition: 'RetriesExhausted',
      responsePayload: { errorType: 'Sandbox.Timedout', errorMessage: 'gave up' },
    })
    expect(await world.stack.invoke('on-alarm', crashed)).toMatchObject([{ action: 'monitor', execution: null }])
    expect(JSON.stringify(world.stack.messages().slice(sent))).toContain('Sandbox.Timedout: gave up')
    expect(await flag()).toBe('true')
  })
})
