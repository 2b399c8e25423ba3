import { describe, expect, test } from 'vitest'
import { redactOutput } from '#core/evidence/redact-output.ts'
import type { Run } from '#core/incident/run.ts'
import { type ConfigWorld, configWorld, withSteps } from './world.ts'

const STEP =
  'run-command: { document: app-restart, targets: { "tag:Role": ["worker-{env}"] }, parameters: { unit: [worker] } }'
const input = { document: 'app-restart', targets: { 'tag:Role': ['worker-{env}'] }, parameters: { unit: ['worker'] } }
const instances = (more: object = {}) => ({
  commands: {
    'app-restart': {
      instances: { 'i-1': { output: 'done, DB_PASSWORD=hunter2' }, 'i-2': { output: 'done' }, ...more },
    },
  },
})

const start = (state: object = instances()) => configWorld(withSteps([STEP]), state)

/** Calls the step until it has nothing more to wait for, as the state machine does. */
const toItsEnd = async (world: ConfigWorld, run: Run) => {
  for (let call = 0; call < 10; call += 1) {
    const result = await world.step(run, 'run-command', input)
    if (result.waitSeconds === 0) return result
  }
  throw new Error('it did not end')
}
const sent = async ({ ssm }: ConfigWorld) => (await ssm.listCommands({})).Commands ?? []

describe('a command on instances', () => {
  test('is sent once, waited for on all of them, and its output kept as evidence without what looks like a secret', async () => {
    const world = await start()
    const run = await world.begin('one')
    const first = await world.step(run, 'run-command', input)
    expect(first).toMatchObject({ changed: false, waitSeconds: 5 })
    const { changed, detail } = await toItsEnd(world, run)
    expect([changed, detail]).toEqual([true, expect.stringContaining('succeeded on i-1, i-2')])
    await toItsEnd(world, run)
    expect(await sent(world)).toHaveLength(1)
    const [evidence] = await world.bucket('evidence/one/command-')
    expect(await world.content(evidence ?? '')).toMatchObject({
      document: 'app-restart',
      invocations: [
        { target: 'i-1', status: 'Success', output: 'done, DB_PASSWORD=…' },
        { target: 'i-2', output: 'done' },
      ],
    })
  })

  test.each([
    ['was sent: it is found', 'SendCommand', { loseAnswer: true }, 1],
    ['was not sent: it is sent when SSM would have shown it', 'SendCommand', { reset: true }, 1],
  ] as const)('that a killed call %s', async (_what, operation, fault, times) => {
    const world = await start()
    const run = await world.begin('one')
    world.stack.faults.add({ service: 'ssm', operation, times: 1, fault })
    await expect(world.step(run, 'run-command', input)).rejects.toMatchObject({ errorType: 'Command.Unreachable' })
    if ('reset' in fault) {
      expect((await world.step(run, 'run-command', input)).detail).toContain('not known yet')
      expect(await sent(world)).toHaveLength(0)
      world.stack.clock.travel(31_000)
    }
    await toItsEnd(world, run)
    expect(await sent(world)).toHaveLength(times)
  })

  test('that fails on one of them stops the path, and says on which', async () => {
    const world = await start(instances({ 'i-3': { status: 'Failed', output: 'no such unit' } }))
    await expect(toItsEnd(world, await world.begin('one'))).rejects.toMatchObject({
      errorType: 'Command.Failed',
      errorMessage: expect.stringContaining('failed on 1 of 3 instances: i-3 (Failed)'),
    })
  })

  test('that SSM does not show yet is asked for again', async () => {
    const world = await start()
    const run = await world.begin('one')
    const fault = { status: 400, code: 'InvalidCommandId' }
    world.stack.faults.add({ service: 'ssm', operation: 'ListCommands', times: 1, fault })
    expect((await world.step(run, 'run-command', input)).waitSeconds).toBe(5)
    await toItsEnd(world, run)
    expect(await sent(world)).toHaveLength(1)
  })

  test('that finds no instance has not succeeded, and is sent once more when a person has mended that and retries', async () => {
    const world = await start({ commands: { 'app-restart': { instances: {} } } })
    const run = await world.begin('one')
    expect((await world.step(run, 'run-command', input)).waitSeconds).toBe(5)
    world.stack.clock.travel(31_000)
    await expect(world.step(run, 'run-command', input)).rejects.toMatchObject({ errorType: 'Command.NoTargets' })
    await world.load(instances())
    await toItsEnd(world, run)
    await toItsEnd(world, run)
    expect(await sent(world)).toHaveLength(2)
  })

  test('of a document that is not there is refused', async () => {
    const world = await start({})
    await expect(world.step(await world.begin('one'), 'run-command', input)).rejects.toMatchObject({
      errorType: 'Command.Refused',
    })
  })
})

test.each([
  ['postgresql://app:hunter2@db:5432/app', 'postgresql://app:…@db:5432/app'],
  ['{"apiKey": "hunter2", "limit": 3}', '{"apiKey": …, "limit": 3}'],
  ['Authorization: Bearer abcdefgh.ijk', 'Authorization: Bearer …'],
  ['export OPENAI_API_KEY=sk-abcdefghijklmnopqrst', 'export OPENAI_API_KEY=…'],
  ['key AKIAABCDEFGHIJKLMNOP used', 'key … used'],
  ['-----BEGIN RSA PRIVATE KEY-----\nabc', '…'],
  ['restarted worker in 3 s', 'restarted worker in 3 s'],
])('what a command prints, %s, is kept as %s', (output, kept) => {
  expect(redactOutput(output)).toBe(kept)
})
