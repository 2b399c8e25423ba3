import { ECS } from '@aws-sdk/client-ecs'
import { Lambda } from '@aws-sdk/client-lambda'
import { describe, expect, test } from 'vitest'
import { eksConfigMaps } from '#aws/config-maps.ts'
import { openPlatforms, PLACE, POD, SEARCH, settled, WEB } from './platforms.ts'

const NO_VARIABLES = { variables: {} }

describe.each([
  ['a service of ECS', WEB, { from: 'web:42', to: 'web:41', images: ['repo/web:1.7.4'], count: 3 }],
  ['an alias of Lambda', SEARCH, { from: '7', to: '6', images: [], count: null }],
  ['a deployment of EKS', POD, { from: null, to: '1', images: ['repo/vectorizer:1.7.4'], count: 3 }],
] as const)('%s', (_, workload, { from, to, images, count }) => {
  test('says what runs and how many, and that nothing is rolling', async () => {
    const { workloads } = await openPlatforms()
    const state = await workloads.look(workload)
    if (from !== null) expect(state.version).toBe(from)
    expect(state).toMatchObject({ count, rollout: { done: true, stuck: null, behind: [] } })
  })

  test('goes to an earlier version, is told apart from before, and is done when nothing else runs', async () => {
    const { workloads } = await openPlatforms()
    const before = await workloads.look(workload)
    const target = await workloads.version(workload, to)
    expect(target.images).toEqual(images)
    await workloads.deploy(workload, target.version, null)
    const after = await settled(workloads, workload)
    expect(after.version).toBe(target.version)
    expect(after.rollout.id).not.toBe(before.rollout.id)
    // Again changes nothing.
    await workloads.deploy(workload, target.version, null)
    expect((await workloads.look(workload)).rollout).toMatchObject({ id: after.rollout.id, done: true })
  })

  test('has no version that the platform does not know, and says so by name', async () => {
    const { workloads } = await openPlatforms()
    await expect(workloads.version(workload, workload === WEB ? 'web:99' : '99')).rejects.toMatchObject({
      name: 'Workload.NoSuchVersion',
      category: 'refused',
      message: expect.stringContaining('99'),
    })
  })

  test('that is not there is missing, not unreachable', async () => {
    const { workloads } = await openPlatforms()
    const nobody =
      workload.platform === 'ecs'
        ? { ...workload, service: 'nobody' }
        : workload.platform === 'lambda'
          ? { ...workload, alias: 'nobody' }
          : { ...workload, deployment: 'nobody' }
    await expect(workloads.look(nobody)).rejects.toMatchObject({ name: 'Workload.Missing', category: 'usage' })
  })

  test('whose platform does not answer is unreachable, and denied where it says so', async () => {
    const { workloads, faults } = await openPlatforms()
    const service = workload.platform === 'eks' ? 'kubernetes' : workload.platform
    const remove = faults.add({ service, fault: { status: 500 } })
    await expect(workloads.look(workload)).rejects.toMatchObject({
      name: 'Workload.Unreachable',
      category: 'unreachable',
    })
    remove()
    faults.add({ service, fault: { status: 403, code: 'AccessDeniedException' } })
    await expect(workloads.look(workload)).rejects.toMatchObject({ name: 'Workload.Denied', category: 'refused' })
  })
})

describe('ECS', () => {
  test('names the tasks that still run from before, and is not done until they are gone (DEF-33)', async () => {
    const { workloads, load } = await openPlatforms()
    load({ ecs: { services: { 'app/web': { 'task-definition': 'web:42', count: 3, hold: true } } } })
    await workloads.restart(WEB, { marks: {}, ...NO_VARIABLES })
    const { rollout, version } = await workloads.look(WEB)
    expect(version).toBe('web:42')
    expect(rollout).toMatchObject({ done: false, behind: [expect.stringMatching(/^3 tasks of web:42 \(ecs-svc\//)] })
    load({ ecs: { services: { 'app/web': { 'task-definition': 'web:42', count: 3 } } } })
    expect((await settled(workloads, WEB)).rollout.detail).toBe('3 of 3 tasks of web:42 are new and steady')
  })

  test('says that a deployment was given up by its circuit breaker', async () => {
    const { workloads, load } = await openPlatforms()
    load({ ecs: { 'task-definitions': { 'web:41': { images: ['repo/web:gone'], fails: true } } } })
    await workloads.deploy(WEB, 'web:41', null)
    expect((await workloads.look(WEB)).rollout.stuck).toContain('circuit breaker')
  })

  test('cannot go back to a task definition that is no longer active (DEF-23)', async () => {
    const { workloads } = await openPlatforms()
    await expect(workloads.version(WEB, 'web:40')).rejects.toMatchObject({ name: 'Workload.NoSuchVersion' })
    await expect(workloads.deploy(WEB, 'web:40', null)).rejects.toMatchObject({ name: 'Workload.Rejected' })
  })

  test('stops all tasks at a count of nothing, and starts as many again', async () => {
    const { workloads } = await openPlatforms()
    await workloads.scale(WEB, 0)
    expect(await settled(workloads, WEB)).toMatchObject({ count: 0 })
    await workloads.scale(WEB, 3)
    const { services } = await new ECS({ maxAttempts: 1 }).describeServices({ cluster: 'app', services: ['web'] })
    expect(services?.[0]?.desiredCount).toBe(3)
  })
})

describe('Lambda', () => {
  const restart = { marks: { FLAG_SEARCH: '3' }, variables: { SEARCH: 'false' } }

  test('is restarted by a version of the same code with another environment, in as many calls as it takes', async () => {
    const { workloads } = await openPlatforms()
    for (let calls = 0; calls < 6; calls++) await workloads.restart(SEARCH, restart)
    expect(await workloads.look(SEARCH)).toMatchObject({ version: '8', marks: { FLAG_SEARCH: '3' } })
    const { Environment, CodeSha256 } = await new Lambda({}).getFunctionConfiguration({
      FunctionName: 'search',
      Qualifier: '8',
    })
    expect(Environment?.Variables).toEqual({ LIMIT: '5', SEARCH: 'false', VECTOR_ROLLBACK_FLAG_SEARCH: '3' })
    const seven = await new Lambda({}).getFunctionConfiguration({ FunctionName: 'search', Qualifier: '7' })
    expect(CodeSha256).toBe(seven.CodeSha256)
  })

  test.each([
    'UpdateFunctionConfiguration',
    'PublishVersion',
    'UpdateAlias',
  ])('is restarted once when the answer to %s is lost', async (operation) => {
    const { workloads, faults } = await openPlatforms()
    faults.add({ service: 'lambda', operation, times: 1, fault: { loseAnswer: true } })
    for (let calls = 0; calls < 6; calls++) await workloads.restart(SEARCH, restart)
    expect(await workloads.look(SEARCH)).toMatchObject({ version: '8', rollout: { done: true } })
  })

  test('goes back once when the answer to that is lost', async () => {
    const { workloads, faults } = await openPlatforms()
    faults.add({ service: 'lambda', operation: 'UpdateAlias', times: 1, fault: { loseAnswer: true } })
    await workloads.deploy(SEARCH, '6', null)
    expect((await workloads.look(SEARCH)).version).toBe('6')
  })

  test('is not restarted where $LATEST has other code: that would deploy it', async () => {
    const { workloads, load } = await openPlatforms()
    load({ lambda: { search: { versions: { '9': { code: 'nine' } }, aliases: { live: '7' } } } })
    await expect(workloads.restart(SEARCH, restart)).rejects.toMatchObject({
      name: 'Workload.Drifted',
      message: expect.stringContaining('code, environment'),
    })
    expect((await workloads.look(SEARCH)).version).toBe('7')
  })
})

describe('EKS', () => {
  test('is called with a token that STS signs for this cluster, and with nothing else', async () => {
    const { workloads } = await openPlatforms()
    await expect(workloads.look(POD)).resolves.toBeDefined()
    const { endpoint } = { endpoint: process.env.AWS_ENDPOINT_URL }
    const bare = await fetch(`${endpoint}/kubernetes/main/apis/apps/v1/namespaces/default/deployments/vectorizer`)
    expect(bare.status).toBe(401)
  })

  test('keeps its version through a restart, which leaves its marks and sets its variables', async () => {
    const { workloads } = await openPlatforms()
    const { version } = await workloads.look(POD)
    await workloads.restart(POD, { marks: { FLAG_HUB: '4' }, variables: { HUB: 'false' } })
    const after = await settled(workloads, POD)
    expect(after).toMatchObject({ version, marks: { FLAG_HUB: '4' } })
    await workloads.restart(POD, { marks: { FLAG_HUB: '4' }, variables: { HUB: 'false' } })
    expect((await workloads.look(POD)).rollout.id).toBe(after.rollout.id)
  })

  test('keeps what flags have set when it goes back to a version from before', async () => {
    const { workloads } = await openPlatforms()
    await workloads.restart(POD, { marks: { FLAG_HUB: '4' }, variables: { HUB: 'false' } })
    await settled(workloads, POD)
    const target = await workloads.version(POD, '1')
    await workloads.deploy(POD, target.version, 2)
    expect(await settled(workloads, POD)).toMatchObject({ version: target.version, count: 2, marks: { FLAG_HUB: '4' } })
    const [newest] = await workloads.versions(POD)
    expect(newest?.images).toEqual(['repo/vectorizer:1.7.4'])
  })

  test('names the pods that still run from before', async () => {
    const { workloads, load } = await openPlatforms()
    const now = { image: 'repo/vectorizer:1.8.0', replicas: 3, env: { HUB: 'true' } }
    load({ eks: { main: { deployments: { 'default/vectorizer': { ...now, hold: true } } } } })
    await workloads.restart(POD, { marks: { RESTART: 'one' }, ...NO_VARIABLES })
    const { rollout } = await workloads.look(POD)
    expect(rollout).toMatchObject({ done: false, detail: '0 of 3 pods are new and healthy' })
    expect(rollout.behind).toHaveLength(3)
    expect(rollout.behind[0]).toMatch(/^pod vectorizer-[0-9a-f]{9}-/)
  })

  test('says when Kubernetes has given a rollout up', async () => {
    const { workloads, load } = await openPlatforms()
    const now = { image: 'repo/vectorizer:1.8.0', replicas: 3, env: { HUB: 'true' }, fails: ['repo/vectorizer:1.7.4'] }
    load({ eks: { main: { deployments: { 'default/vectorizer': now } } } })
    await workloads.deploy(POD, (await workloads.version(POD, '1')).version, null)
    expect((await workloads.look(POD)).rollout.stuck).toContain('timed out')
  })

  test('says what the cluster refuses, and not that somebody else was faster', async () => {
    const { workloads, faults } = await openPlatforms()
    const refused = { name: 'Workload.Rejected', message: expect.stringContaining('422') }
    faults.add({ service: 'kubernetes', operation: 'PatchDeployment', fault: { status: 422 } })
    await expect(workloads.scale(POD, 1)).rejects.toMatchObject(refused)
    faults.add({ service: 'kubernetes', operation: 'PatchConfigMap', fault: { status: 422 } })
    const { version } = await eksConfigMaps().read(PLACE)
    await expect(eksConfigMaps().write(PLACE, { 'hub.enabled': 'false' }, version)).rejects.toMatchObject(refused)
  })

  test('asks for the address of its cluster once a look, so that many looks are not throttled', async () => {
    const { workloads, faults } = await openPlatforms()
    faults.add({ service: 'eks', operation: 'DescribeCluster', times: 1, fault: { delay: 0 } })
    faults.add({ service: 'eks', operation: 'DescribeCluster', fault: { status: 429, code: 'ThrottlingException' } })
    expect(await workloads.look(POD)).toMatchObject({ count: 3 })
  })

  test('has a ConfigMap replaced only in the version that was read', async () => {
    await openPlatforms()
    const maps = eksConfigMaps()
    const { data, version } = await maps.read(PLACE)
    expect(data).toEqual({ 'hub.enabled': 'true' })
    expect(await maps.write(PLACE, { 'hub.enabled': 'false' }, version)).toBe(true)
    expect(await maps.write(PLACE, { 'hub.enabled': 'other' }, version)).toBe(false)
    expect((await maps.read(PLACE)).data).toEqual({ 'hub.enabled': 'false' })
  })
})
