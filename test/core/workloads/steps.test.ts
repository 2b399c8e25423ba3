import { describe, expect, test } from 'vitest'
import { awsWorkloads } from '#aws/workloads.ts'
import { placeWorkload, printWorkload } from '#core/plan/workloads.ts'
import { configWorld, withSteps } from '#test/core/recorded/world.ts'
import { ECS, EKS, LAMBDA, POD, platformWorld, SEARCH, untilDone, WEB, WITHIN } from './world.ts'

const look = (workload: typeof WEB | typeof SEARCH | typeof POD) => awsWorkloads().look(placeWorkload(workload, 'test'))

const deployed = (image: string) => ({
  eks: { main: { deployments: { 'default/vectorizer': { image, replicas: 3 } } } },
})

const BACK = { to: 'recorded', within: WITHIN }

describe('previous-version', () => {
  test.each([
    ['a service of ECS', `previous-version: { ecs: ${ECS} }`, WEB, { version: 'web:41', count: 3 }],
    ['an alias of Lambda', `previous-version: { lambda: ${LAMBDA} }`, SEARCH, { version: '6' }],
    ['a deployment of EKS', `previous-version: { eks: ${EKS} }`, POD, { count: 3 }],
  ] as const)('brings %s to the version and count that were recorded before the change, and is safe to run again', async (_, step, workload, wanted) => {
    const world = await platformWorld([step])
    const before = await look(workload)
    const run = await world.begin('back-1')
    const input = { workload, ...BACK }
    const done = await untilDone(world, run, 'previous-version', input)
    expect(done.changed).toBe(true)
    const after = await look(workload)
    expect(after).toMatchObject({ ...wanted, rollout: { done: true } })
    expect(after.version).not.toBe(before.version)
    expect(done.detail).toContain(before.version)
    const again = await world.step(run, 'previous-version', input)
    expect(again).toMatchObject({ changed: false, waitSeconds: 0 })
    expect((await look(workload)).rollout.id).toBe(after.rollout.id)
  })

  test('writes down what ran, how many, and the versions that there were, before it changes anything (VEC-28, VEC-68)', async () => {
    const world = await platformWorld([`previous-version: { eks: ${EKS} }`])
    const { version } = await look(POD)
    const run = await world.begin('back-1')
    world.stack.faults.add({ service: 'kubernetes', operation: 'PatchDeployment', fault: { status: 500 } })
    await expect(world.step(run, 'previous-version', { workload: POD, ...BACK })).rejects.toThrow(
      'Workload.Unreachable: ',
    )
    const [found, begun] = (await world.bucket('incidents/back-1/platform/'))
      .sort((a, b) => b.length - a.length)
      .reverse()
    expect(await world.content(found ?? '')).toMatchObject({
      version,
      count: 2,
      target: { count: 3, images: ['repo/vectorizer:1.7.4'] },
      versions: [
        { label: expect.stringContaining('revision 2'), images: ['repo/vectorizer:1.8.0'] },
        { label: expect.stringContaining('revision 1'), images: ['repo/vectorizer:1.7.4'] },
      ],
    })
    expect(begun).toMatch(/-begun\.json$/)
  })

  test('the record has the digest of the image and the commit, and what it says comes back, wherever the tag points by now (DEF-24)', async () => {
    const image = `repo/vectorizer@sha256:${'0123456789abcdef'.repeat(4)}`
    const world = await configWorld(withSteps([`previous-version: { eks: ${EKS} }`]), deployed(image))
    const made = await world.record('commit 4f0c2d1')
    expect(made?.record).toMatchObject({
      reference: 'commit 4f0c2d1',
      services: { [printWorkload(POD)]: { images: [image], count: 3 } },
    })
    await world.load(deployed('repo/vectorizer:1.7'))
    const run = await world.begin('back-1')
    await untilDone(world, run, 'previous-version', { workload: POD, ...BACK })
    const { version } = await look(POD)
    expect((await awsWorkloads().version(POD, version)).images).toEqual([image])
  })

  test('goes to a revision by its number when the step names one (VEC-30)', async () => {
    const world = await platformWorld([`previous-version: { eks: ${EKS}, to: "1" }`])
    const run = await world.begin('back-1')
    await untilDone(world, run, 'previous-version', { workload: POD, ...BACK, to: '1' })
    const [newest] = await awsWorkloads().versions(POD)
    expect(newest?.images).toEqual(['repo/vectorizer:1.7.4'])
  })

  test('finds its own work begun after it was killed, and begins no second rollout', async () => {
    const world = await platformWorld([`previous-version: { ecs: ${ECS} }`])
    const run = await world.begin('back-1')
    // The call is made, and nobody hears of it.
    world.stack.faults.add({ service: 'ecs', operation: 'UpdateService', times: 3, fault: { loseAnswer: true } })
    const input = { workload: WEB, ...BACK }
    await expect(world.step(run, 'previous-version', input)).rejects.toThrow('Workload.Unreachable: ')
    const { rollout } = await look(WEB)
    await untilDone(world, run, 'previous-version', input)
    expect((await look(WEB)).rollout.id).toBe(rollout.id)
  })

  test('is refused where nothing was recorded, and where the plan did not name the workload then', async () => {
    const world = await platformWorld([`previous-version: { ecs: ${ECS} }`])
    const early = await world.begin('back-1', '2020-01-01T00:00:00.000Z')
    await expect(world.step(early, 'previous-version', { workload: WEB, ...BACK })).rejects.toThrow('Recorded.None: ')
    const run = await world.begin('back-2')
    await expect(world.step(run, 'previous-version', { workload: SEARCH, ...BACK })).rejects.toThrow(
      /^Recorded\.NotLookedAt: .*search:live/s,
    )
    expect((await look(WEB)).version).toBe('web:42')
  })

  test('is over by name when the platform gives the rollout up, and when it takes too long', async () => {
    const world = await platformWorld([`previous-version: { ecs: ${ECS} }`, `previous-version: { eks: ${EKS} }`])
    await world.load({ ecs: { 'task-definitions': { 'web:41': { images: ['repo/web:1.7.4'], fails: true } } } })
    const run = await world.begin('back-1')
    await expect(world.step(run, 'previous-version', { workload: WEB, ...BACK })).rejects.toThrow(
      /^Rollout\.Stuck: .*web:41.*circuit breaker.*2 tasks of web:42/s,
    )
    const now = { image: 'repo/vectorizer:1.8.0', replicas: 2, env: { HUB: 'true' }, hold: true }
    await world.load({ eks: { main: { deployments: { 'default/vectorizer': now } } } })
    const input = { workload: POD, ...BACK }
    expect((await world.step(run, 'previous-version', input)).waitSeconds).toBeGreaterThan(0)
    world.stack.clock.travel(WITHIN)
    await expect(world.step(run, 'previous-version', input)).rejects.toThrow(
      /^Rollout\.Overdue: .*0 of 3 pods.*pod vectorizer-/s,
    )
  })

  test('says that somebody took it back, and does not fight them', async () => {
    const world = await platformWorld([`previous-version: { ecs: ${ECS} }`])
    const run = await world.begin('back-1')
    const input = { workload: WEB, ...BACK }
    await untilDone(world, run, 'previous-version', input)
    await world.load({ ecs: { services: { 'app-test/web': { 'task-definition': 'web:42', count: 3 } } } })
    await expect(world.step(run, 'previous-version', input)).rejects.toThrow('Rollout.Undone: ')
    expect((await look(WEB)).version).toBe('web:42')
  })

  test('changes nothing for a run that was overtaken', async () => {
    const world = await platformWorld([`previous-version: { ecs: ${ECS} }`])
    const old = await world.begin('back-1')
    await world.begin('back-2')
    await expect(world.step(old, 'previous-version', { workload: WEB, ...BACK })).rejects.toThrow('Lease.Lost: ')
    expect((await look(WEB)).version).toBe('web:42')
  })
})

describe('the matrix of compatibility (VEC-67)', () => {
  const matrix = (fits: string): [string, string] => [
    'checks:\n',
    `compatibility:
  components:
    vectorizer: { eks: ${EKS} }
    web: { ecs: ${ECS} }
    sdk: { parameter: "/app/{env}/SDK" }
  fits:
${fits}checks:
`,
  ]
  const input = { workload: POD, ...BACK }
  const step = `previous-version: { eks: ${EKS} }`

  test('refuses a version that does not work with what else runs, and says which do', async () => {
    const world = await platformWorld(
      [step],
      matrix(`    - { versions: { vectorizer: "<1.8", sdk: none } }
    - { versions: { vectorizer: ">=1.8 <1.9", sdk: ">=1.0.0 <2" } }
`),
    )
    await world.load({ ssm: { '/app/test/SDK': '1.0.0' } })
    const run = await world.begin('back-1')
    await expect(world.step(run, 'previous-version', input)).rejects.toThrow(
      /^Version\.Incompatible: .*vectorizer 1\.7\.4 with web 1\.8\.0 with sdk 1\.0\.0.*vectorizer <1\.8 with sdk none/s,
    )
    expect((await look(POD)).count).toBe(2)
    expect(await world.bucket('incidents/back-1/platform/')).toEqual([])
    await world.load({ ssm: { '/app/test/SDK': null } })
    await untilDone(world, run, 'previous-version', input)
    expect((await look(POD)).count).toBe(3)
  })

  test('says what clients have to know of a version that fits', async () => {
    const world = await platformWorld(
      [step],
      matrix('    - { versions: { vectorizer: "<1.8" }, clients: no new auth headers }\n'),
    )
    const run = await world.begin('back-1')
    expect((await untilDone(world, run, 'previous-version', input)).detail).toContain('clients: no new auth headers')
  })

  test('is not taken to hold for a version that nobody can tell', async () => {
    const world = await platformWorld([step], matrix('    - { versions: { vectorizer: any, web: any, sdk: any } }\n'))
    await world.load({ ssm: { '/app/test/SDK': 'newest' } })
    const run = await world.begin('back-1')
    await expect(world.step(run, 'previous-version', input)).rejects.toThrow('Version.Unknown: ')
  })
})

describe('restart', () => {
  test.each([
    ['ECS', `restart: { ecs: ${ECS} }`, WEB],
    ['Lambda', `restart: { lambda: ${LAMBDA} }`, SEARCH],
    ['EKS', `restart: { eks: ${EKS} }`, POD],
  ] as const)('on %s starts everything anew once, however often it is asked (VEC-26, VEC-27)', async (_, step, workload) => {
    const world = await platformWorld([step])
    const before = await look(workload)
    const run = await world.begin('restart-1')
    const input = { workload, why: '', within: WITHIN }
    expect(await untilDone(world, run, 'restart', input)).toMatchObject({ changed: true })
    const after = await look(workload)
    expect(after.rollout).toMatchObject({ done: true, behind: [] })
    expect(after.rollout.id).not.toBe(before.rollout.id)
    if (workload.platform !== 'lambda') expect(after.version).toBe(before.version)
    expect(await world.step(run, 'restart', input)).toMatchObject({ changed: false, waitSeconds: 0 })
    expect((await look(workload)).rollout.id).toBe(after.rollout.id)
    // Another reason is another restart.
    await untilDone(world, run, 'restart', { ...input, why: 'the second change' })
    expect((await look(workload)).rollout.id).not.toBe(after.rollout.id)
  })
})

describe('scale', () => {
  test.each([
    ['ECS', `scale: { ecs: ${ECS}, to: 0 }`, WEB],
    ['EKS', `scale: { eks: ${EKS}, to: 0 }`, POD],
  ] as const)('on %s stops everything, and brings back the recorded count (VEC-34, VEC-39, VEC-71)', async (_, step, workload) => {
    const world = await platformWorld([step, step.replace('to: 0', 'to: recorded')])
    const run = await world.begin('scale-1')
    await untilDone(world, run, 'scale', { workload, to: 0, within: WITHIN })
    expect(await look(workload)).toMatchObject({ count: 0, rollout: { done: true, behind: [] } })
    const back = await untilDone(world, run, 'scale', { workload, to: 'recorded', within: WITHIN })
    expect(back.detail).toContain('the count was 0')
    expect(await look(workload)).toMatchObject({ count: 3, rollout: { done: true } })
  })
})

describe('restore-config', () => {
  const PLACE = { cluster: 'main', namespace: 'default', name: 'config' }
  test('puts a ConfigMap back as it was recorded, and keeps what it found (VEC-12, VEC-35)', async () => {
    const world = await platformWorld([
      'restore-config: { configmap: { cluster: main, namespace: default, name: config } }',
    ])
    const run = await world.begin('config-1')
    const input = { configmap: PLACE }
    expect(await world.step(run, 'restore-config', input)).toMatchObject({
      changed: true,
      detail: expect.stringContaining('extra, hub.enabled'),
    })
    expect(await world.step(run, 'restore-config', input)).toMatchObject({ changed: false })
    const [kept] = await world.bucket('incidents/config-1/config/')
    expect(await world.content(kept ?? '')).toMatchObject({ found: { data: { 'hub.enabled': 'true', extra: 'yes' } } })
  })
})
