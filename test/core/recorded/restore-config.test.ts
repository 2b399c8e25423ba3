import { describe, expect, test } from 'vitest'
import { recordChange } from '#core/decide/change.ts'
import { type ConfigWorld, configWorld, withSteps } from './world.ts'

const FOLDER = 'restore-config: { path: "/app/{env}/worker/" }'
const GOOD = {
  ssm: {
    '/app/test/worker/LIMIT': '10',
    '/app/test/worker/MODEL': 'small',
    '/app/test/worker/deep/POOL': '5',
    '/app/test/worker/KEY': { secret: 'made-up-good' },
    '/app/test/other/LIMIT': '1',
  },
}
const BAD = {
  ssm: {
    '/app/test/worker/LIMIT': '500',
    '/app/test/worker/deep/POOL': null,
    '/app/test/worker/KEY': { secret: 'made-up-bad' },
    '/app/test/worker/NEW': '1',
    '/app/test/other/LIMIT': '2',
  },
}

/** Recorded, then deployed, then an incident. */
const broken = async (planText = withSteps([FOLDER])): Promise<ConfigWorld> => {
  const world = await configWorld(planText, GOOD)
  await world.record()
  world.stack.clock.travel(60_000)
  await world.load(BAD)
  return world
}
const folder = { path: '/app/{env}/worker/' }

const everythingIn = async ({ stack }: ConfigWorld): Promise<string> => {
  const texts: string[] = []
  for await (const { key } of stack.objects.list(''))
    texts.push(Buffer.from((await stack.objects.read(key))?.body ?? []).toString('utf8'))
  return texts.join('\n')
}

describe('configuration is put back', () => {
  test('as it was recorded: what was changed, what is gone, secrets by their version; what is new stays and is named (EMQ-17, DEF-35)', async () => {
    const world = await broken()
    const run = await world.begin('one')
    const { changed, detail, waitSeconds } = await world.step(run, 'restore-config', folder)
    expect([changed, waitSeconds]).toEqual([true, 0])
    expect(await world.value('/app/test/worker/LIMIT')).toBe('10')
    expect(await world.value('/app/test/worker/deep/POOL')).toBe('5')
    expect(await world.value('/app/test/worker/KEY')).toBe('made-up-good')
    expect(await world.value('/app/test/worker/NEW')).toBe('1')
    expect(await world.value('/app/test/other/LIMIT')).toBe('2')
    // As it was: not written at all.
    expect(await world.version('/app/test/worker/MODEL')).toBe(1)
    expect(detail).toContain('3 of 4 parameters below /app/test/worker/ put back')
    expect(detail).toContain('/app/test/worker/KEY (secret, as in version 1)')
    expect(detail).toContain('/app/test/worker/deep/POOL (was gone, made again)')
    expect(detail).toContain('not there then, and left alone: /app/test/worker/NEW')
  })

  test('once: the second time nothing is written', async () => {
    const world = await broken()
    const run = await world.begin('one')
    await world.step(run, 'restore-config', folder)
    const versions = () => Promise.all(Object.keys(GOOD.ssm).map(world.version))
    const before = await versions()
    const { changed, detail } = await world.step(run, 'restore-config', folder)
    expect([changed, await versions()]).toEqual([false, before])
    expect(detail).toMatch(/^all 4 parameters below \/app\/test\/worker\/ are as recorded at /)
  })

  test('parameter by parameter, where the plan names single ones (EMQ-18)', async () => {
    const step = 'restore-config: { parameters: ["/app/{env}/worker/LIMIT", "/app/{env}/worker/KEY"] }'
    const world = await broken(withSteps([step]))
    const run = await world.begin('one')
    await world.step(run, 'restore-config', { parameters: ['/app/{env}/worker/LIMIT', '/app/{env}/worker/KEY'] })
    expect(await world.value('/app/test/worker/LIMIT')).toBe('10')
    expect(await world.value('/app/test/worker/KEY')).toBe('made-up-good')
    expect(await world.value('/app/test/worker/deep/POOL')).toBeUndefined()
  })

  test('and what was found before is kept under the incident, without a secret anywhere in the bucket (EMQ-15)', async () => {
    const world = await broken()
    const run = await world.begin('one')
    await world.step(run, 'restore-config', folder)
    const [key] = await world.bucket('incidents/one/config/')
    expect(await world.content(key ?? '')).toMatchObject({
      kind: 'restore-config',
      record: expect.stringMatching(/^recorded\/small\//),
      found: expect.arrayContaining([
        expect.objectContaining({ name: '/app/test/worker/LIMIT', value: '500', version: 2 }),
        expect.not.objectContaining({ value: expect.anything() }),
      ]),
    })
    expect(await everythingIn(world)).not.toMatch(/made-up/)
  })

  test('to its end by the next call, when a call is killed between two writes', async () => {
    const world = await broken()
    const run = await world.begin('one')
    const back = world.stack.faults.add({
      service: 'ssm',
      operation: 'PutParameter',
      key: '/app/test/worker/deep/POOL',
      fault: { status: 400, code: 'TooManyUpdates' },
    })
    await expect(world.step(run, 'restore-config', folder)).rejects.toMatchObject({ errorType: 'Parameter.NotWritten' })
    const [key] = await world.bucket('incidents/one/config/')
    const found = await world.content(key ?? '')
    back()
    expect((await world.step(run, 'restore-config', folder)).changed).toBe(true)
    expect(await world.value('/app/test/worker/deep/POOL')).toBe('5')
    // What the first call found stays.
    expect(await world.content(key ?? '')).toEqual(found)
  })

  test('with the key that a secret was encrypted with', async () => {
    const world = await configWorld(withSteps([FOLDER]))
    const put = (Value: string) =>
      world.ssm.putParameter({
        Name: '/app/test/worker/KEY',
        Value,
        Type: 'SecureString',
        KeyId: 'alias/app',
        Overwrite: true,
      })
    await put('made-up-good')
    await world.record()
    await put('made-up-bad')
    await world.step(await world.begin('one'), 'restore-config', folder)
    const { Parameters } = await world.ssm.getParameterHistory({ Name: '/app/test/worker/KEY', WithDecryption: true })
    expect(Parameters?.map(({ KeyId, Value }) => [KeyId, Value])).toEqual([
      ['alias/app', 'made-up-good'],
      ['alias/app', 'made-up-bad'],
      ['alias/app', 'made-up-good'],
    ])
  })

  test('but never a flag that lies among it: containment stays', async () => {
    const inFolder = ['    parameter: /app/{env}/SEARCH\n', '    parameter: /app/{env}/worker/SEARCH\n'] as const
    const world = await configWorld(withSteps([FOLDER], inFolder), {
      ssm: { ...GOOD.ssm, '/app/test/worker/SEARCH': 'true' },
    })
    await world.record()
    await world.load({ ssm: { ...BAD.ssm, '/app/test/worker/SEARCH': 'false' } })
    const { detail } = await world.step(await world.begin('one'), 'restore-config', folder)
    expect(await world.value('/app/test/worker/SEARCH')).toBe('false')
    expect(detail).not.toContain('SEARCH')
  })
})

describe('nothing is put back', () => {
  const untouched = async (world: ConfigWorld) => expect(await world.value('/app/test/worker/LIMIT')).toBe('500')

  test('when nothing was ever recorded, and the refusal says what to do from now on', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    await world.load(BAD)
    await expect(world.step(await world.begin('one'), 'restore-config', folder)).rejects.toMatchObject({
      errorType: 'Recorded.None',
      errorMessage: expect.stringContaining('vector-rollback record small'),
    })
    await untouched(world)
  })

  test('when what was recorded is of the deployment that went wrong', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    const at = world.stack.clock.now().toISOString()
    await recordChange(world.stack.objects, { plan: 'small', kind: 'deployment', reference: 'v2', at })
    world.stack.clock.travel(60_000)
    await world.load(BAD)
    await world.record('v2')
    world.stack.clock.travel(60_000)
    await expect(world.step(await world.begin('one'), 'restore-config', folder)).rejects.toMatchObject({
      errorType: 'Recorded.None',
      errorMessage: expect.stringContaining('the deployment "v2"'),
    })
    await untouched(world)
  })

  test('when one of its secrets no longer has the version: none of the others is written either', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    await world.record()
    await world.load({ ssm: { '/app/test/worker/KEY': null } })
    await world.load(BAD)
    await expect(world.step(await world.begin('one'), 'restore-config', folder)).rejects.toMatchObject({
      errorType: 'Recorded.SecretGone',
      errorMessage: expect.stringContaining('"/app/test/worker/KEY"'),
    })
    await untouched(world)
  })

  test('when a parameter has become a secret since', async () => {
    const world = await broken()
    await world.load({ ssm: { '/app/test/worker/MODEL': { secret: 'made-up' } } })
    await expect(world.step(await world.begin('one'), 'restore-config', folder)).rejects.toMatchObject({
      errorType: 'Recorded.TypeChanged',
    })
    await untouched(world)
  })

  test('when the record is of a plan that did not name it yet', async () => {
    const world = await broken()
    const step = world.step(await world.begin('one'), 'restore-config', { path: '/app/{env}/other/' })
    await expect(step).rejects.toMatchObject({ errorType: 'Recorded.NotLookedAt' })
  })
})

describe('the record that is gone back to', () => {
  const modelAfter = async (world: ConfigWorld, ...signalAt: [string?]) => {
    await world.step(await world.begin('one', ...signalAt), 'restore-config', folder)
    return world.value('/app/test/worker/MODEL')
  }
  const recordOf = async (world: ConfigWorld, model: string) => {
    await world.load({ ssm: { '/app/test/worker/MODEL': model } })
    await world.record(model)
    world.stack.clock.travel(60_000)
  }

  test('is the newest from before the incident, which begins with its signal', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    await recordOf(world, 'first')
    await recordOf(world, 'second')
    const signalAt = world.stack.clock.now().toISOString()
    world.stack.clock.travel(60_000)
    await recordOf(world, 'bad')
    expect(await modelAfter(world, signalAt)).toBe('second')
  })

  test('is from before the change that may have caused it, and stays the same for every step of the incident', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    await recordOf(world, 'first')
    const at = world.stack.clock.now().toISOString()
    await recordChange(world.stack.objects, { plan: 'all', kind: 'deployment', reference: 'v2', at })
    world.stack.clock.travel(60_000)
    await recordOf(world, 'second')
    expect(await modelAfter(world)).toBe('first')
    expect(await world.content('incidents/one/recorded.json')).toMatchObject({
      before: at,
      because: `the deployment "v2" of ${at}`,
    })
  })

  test('has values of parameters and only versions of secrets, and is written once (EMQ-87)', async () => {
    const world = await configWorld(withSteps([FOLDER]), GOOD)
    const made = await world.record()
    expect(made?.record.parameters).toMatchObject({
      folders: ['/app/test/worker/'],
      found: {
        '/app/test/worker/LIMIT': { type: 'String', version: 1, value: '10' },
        '/app/test/worker/KEY': { type: 'SecureString', version: 1 },
      },
    })
    expect(JSON.stringify(made)).not.toContain('made-up')
    expect(await world.stack.objects.write(made?.key ?? '', '{}', { ifAbsent: true })).toBeNull()
  })

  test('is not made for a plan whose steps go back to nothing', async () => {
    const world = await configWorld(withSteps(['verify: { checks: [answers] }']))
    expect(await world.record()).toBeNull()
    expect(await world.bucket('recorded/')).toEqual([])
  })
})
