import { describe, expect, test } from 'vitest'
import { flagWrittenAt, ssmFlags } from '#aws/flags.ts'
import { signedWebhooks } from '#aws/webhooks.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import { readAllJson } from '#core/json.ts'
import type { FlagPath } from '#core/names.ts'
import { loadPlan } from '#core/plan/load.ts'
import { placeWorkload } from '#core/plan/workloads.ts'
import { CheckResult } from '#core/verify/verification.ts'
import { bringFlag } from '#core/workloads/bring-flag.ts'
import { deliverGroup, groupsOf } from '#core/workloads/deliver.ts'
import { startDeliveries } from '#core/workloads/start-deliveries.ts'
import { type Edit, edited, planFolder } from '#test/core/plan/folder.ts'
import type { ConfigWorld } from '#test/core/recorded/world.ts'
import { realClock } from '#test/support/clock.ts'
import { noDeliverer } from '#test/support/deliverer.ts'
import { webhookServer } from '#test/support/webhook-server.ts'
import { ECS, EKS, LAMBDA, POD, platformWorld, SEARCH, untilDone, WEB } from './world.ts'

const FLAG = '/app/test/SEARCH' as FlagPath
const EKS_WITH = EKS.replace(' }', ', variable: HUB }')
const LAMBDA_WITH = LAMBDA.replace(' }', ', variable: SEARCH }')
const brought = (delivery: string, deliver: string, within = '5m'): Edit => [
  '    delivery: poll\n    within: 15s\n',
  `    delivery: ${delivery}\n    deliver: ${deliver}\n    within: ${within}\n`,
]
const look = (workload: typeof WEB | typeof SEARCH | typeof POD) => awsWorkloads().look(placeWorkload(workload, 'test'))

const open = async (...edits: readonly Edit[]): Promise<ConfigWorld> => {
  const world = await platformWorld(['verify: { checks: [answers] }'], ...edits)
  await ssmFlags().write(FLAG, 'true')
  return world
}
interface Contained {
  readonly changed: boolean
  readonly detail: string
}
const contain = (world: ConfigWorld) =>
  world.stack.invoke('contain', {
    request: { plan: 'small', path: 'flag', reason: 'a test' },
    execution: { id: 'arn:test', name: 'test' },
  }) as Promise<Contained>
const follow = async (world: ConfigWorld, name: string): Promise<CheckResult[]> => {
  const run = await world.begin(name)
  await world.step(run, 'follow-delivery', {})
  const written = await readAllJson(world.stack.objects, `incidents/${name}/checks/`)
  return CheckResult.array().parse(written.at(-1)?.value)
}

describe.each([
  ['ecs-redeploy', ECS, WEB],
  ['lambda-config', LAMBDA_WITH, SEARCH],
  ['eks-restart', EKS_WITH, POD],
] as const)('a flag that is delivered by %s', (delivery, deliver, workload) => {
  test('starts a restart with its containment, one for however many containments, and is proved when all have followed', async () => {
    const world = await open(brought(delivery, deliver))
    const before = await look(workload)
    const contained = await contain(world)
    expect(contained.detail).toMatch(/^SEARCH set to "false", .*(is being restarted|has not followed|has followed)/)
    const [check] = await follow(world, 'flag-1')
    expect(check).toMatchObject({ name: 'delivery of SEARCH', status: 'pass' })
    const after = await look(workload)
    expect(after.rollout.id).not.toBe(before.rollout.id)
    expect((await contain(world)).detail).toContain('has followed')
    expect((await look(workload)).rollout.id).toBe(after.rollout.id)
  })

  test('is set, and its containment is whole, while the platform is down; what follows it starts the restart', async () => {
    const world = await open(brought(delivery, deliver))
    const { id } = (await look(workload)).rollout
    const service = workload.platform === 'eks' ? 'kubernetes' : workload.platform
    world.stack.faults.down(service)
    expect((await contain(world)).detail).toMatch(/^SEARCH set to "false", .* (was not told|has not answered)/)
    expect((await ssmFlags().read(FLAG))?.value).toBe('false')
    world.stack.faults.up(service)
    expect((await look(workload)).rollout.id).toBe(id)
    const [check] = await follow(world, 'flag-1')
    expect(check).toMatchObject({ status: 'pass' })
  })
})

describe('containment', () => {
  test('brings two flags of one service by one restart', async () => {
    const other = `  OTHER:
    parameter: /app/{env}/OTHER
    safe: "off"
    on: "on"
    delivery: eks-restart
    deliver: ${EKS}
    within: 5m
protects:
`
    const world = await open(brought('eks-restart', EKS_WITH), ['protects:\n', other])
    await contain(world)
    expect(await follow(world, 'flag-1')).toMatchObject([{ status: 'pass' }, { status: 'pass' }])
    expect((await look(POD)).marks).toEqual({ FLAG_SEARCH: '2', FLAG_OTHER: '1' })
    const [newest, ...older] = await awsWorkloads().versions(placeWorkload(POD, 'test'))
    expect(newest?.label).toMatch(/^revision 3 /)
    expect(older).toHaveLength(2)
  })

  test('does not wait for a platform that never answers', async () => {
    const text = edited(brought('ecs-redeploy', ECS))
    const plan = await loadPlan(await planFolder({ 'plan.yaml': text }))
    const slept: number[] = []
    const sleep = async (milliseconds: number) => void slept.push(milliseconds)
    const silent = { ...noDeliverer.workloads, look: () => new Promise<never>(() => undefined) }
    const said = await startDeliveries(plan, [{ name: 'SEARCH', value: 'false', version: 1 }], {
      deliverer: { ...noDeliverer, workloads: silent },
      environment: 'test',
      clock: { ...realClock, sleep },
    })
    expect(said).toEqual(['ECS service "app-test/web" has not answered in 10 s'])
    expect(slept).toEqual([10_000])
  })

  test('names the tasks that have not followed when their time is over', async () => {
    const world = await open(brought('ecs-redeploy', ECS, '1s'))
    await world.load({ ecs: { services: { 'app-test/web': { 'task-definition': 'web:42', count: 2, hold: true } } } })
    await contain(world)
    const [check] = await follow(world, 'flag-1')
    expect(check).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/^ECS service "app-test\/web" has not followed: 0 of 2 .*2 tasks of web:42/),
    })
  })

  test('knows nothing of a platform that does not answer, which is not success', async () => {
    const world = await open(brought('eks-restart', EKS, '1s'))
    await contain(world)
    world.stack.faults.down('kubernetes')
    expect(await follow(world, 'flag-1')).toMatchObject([{ status: 'unknown' }])
  })

  test('is not proved while the parameter is something else', async () => {
    const world = await open(brought('ecs-redeploy', ECS))
    expect(await follow(world, 'flag-1')).toMatchObject([{ status: 'fail', detail: 'the parameter is "true"' }])
  })
})

describe('a version that comes back', () => {
  test('keeps the flags that were brought to the deployment', async () => {
    const world = await platformWorld([`previous-version: { eks: ${EKS} }`], brought('eks-restart', EKS_WITH))
    await ssmFlags().write(FLAG, 'true')
    await contain(world)
    const run = await world.begin('back-1')
    await untilDone(world, run, 'previous-version', { workload: POD, to: 'recorded', within: 900_000 })
    expect((await look(POD)).marks).toEqual({ FLAG_SEARCH: '2' })
    expect((await contain(world)).detail).toContain('has followed')
  })
})

describe('set-flag', () => {
  test('brings the flag, and is done when all have followed', async () => {
    const world = await open(brought('ecs-redeploy', ECS))
    const before = await look(WEB)
    const run = await world.begin('partial-1')
    const done = await untilDone(world, run, 'set-flag', { flag: 'SEARCH', to: 'safe' })
    expect(done.detail).toContain('has followed')
    const after = await look(WEB)
    expect(after.rollout).toMatchObject({ done: true })
    expect(after.rollout.id).not.toBe(before.rollout.id)
    await untilDone(world, run, 'set-flag', { flag: 'SEARCH', to: 'on' })
    expect((await look(WEB)).rollout.id).not.toBe(after.rollout.id)
  })

  test('does not take the earlier value, which Parameter Store may show for a moment, for a change by somebody else', async () => {
    const world = await open(brought('ecs-redeploy', ECS))
    const run = await world.begin('partial-1')
    const flags = ssmFlags()
    await flags.write(FLAG, 'false')
    const shown = ['true', 'true']
    const read = async (path: FlagPath) => {
      const found = await flags.read(path)
      const earlier = shown.pop()
      return found && earlier !== undefined ? { value: earlier, version: found.version - 1 } : found
    }
    const ports = {
      deliverer: { ...noDeliverer, workloads: awsWorkloads(), writtenAt: flagWrittenAt },
      flags: { ...flags, read },
      objects: world.stack.objects,
      clock: realClock,
      signal: new AbortController().signal,
      environment: 'test',
    }
    const { detail } = await bringFlag(run, world.plan, { flag: 'SEARCH', to: 'safe' }, ports)
    expect(detail.join()).toContain('ECS service "app-test/web"')
    shown.push(...Array.from({ length: 20 }, () => 'true'))
    await expect(bringFlag(run, world.plan, { flag: 'SEARCH', to: 'safe' }, ports)).rejects.toThrow('is "true" again')
  })

  test('fails by name when the application does not follow in its time', async () => {
    const world = await open(brought('ecs-redeploy', ECS, '1s'))
    await world.load({ ecs: { services: { 'app-test/web': { 'task-definition': 'web:42', count: 2, hold: true } } } })
    const run = await world.begin('partial-1')
    await expect(world.step(run, 'set-flag', { flag: 'SEARCH', to: 'safe' })).rejects.toThrow(
      /^Flag\.NotFollowed: .*2 tasks of web:42/,
    )
    expect((await ssmFlags().read(FLAG))?.value).toBe('false')
  })
})

describe('a flag that is delivered by a webhook', () => {
  const brings = async (answers: Parameters<typeof webhookServer>[0]) => {
    const server = await webhookServer(answers)
    const hook = `webhooks:
  - { name: bringer, url: "${server.url}/flags/{env}", events: [started], secret: "/app/{env}/BRINGER" }
contacts:
`
    const text = edited(brought('webhook', '{ webhook: bringer }'), ['contacts:\n', hook])
    const plan = await loadPlan(await planFolder({ 'plan.yaml': text }))
    const [group] = groupsOf(plan, [{ name: 'SEARCH', value: 'false', version: 7 }], 'local')
    if (!group) throw new Error('nobody is delivered to')
    const limits = { timeout: 2_000, pauses: [] }
    const { post } = signedWebhooks({ read: async () => 'key' }, limits)
    const deliver = () => deliverGroup(plan, group, { deliverer: { ...noDeliverer, post }, environment: 'local' })
    return { deliver, server }
  }

  test('is told signed, by the same key each time, and has followed when the webhook says so', async () => {
    const { deliver, server } = await brings([200])
    expect(await deliver()).toMatchObject({ done: true, detail: 'webhook "bringer" has confirmed it' })
    await deliver()
    const [first, second] = server.requests
    expect(first?.path).toBe('/flags/local')
    expect(JSON.parse(first?.body ?? '')).toEqual({
      event: 'flag',
      plan: 'small',
      environment: 'local',
      flag: 'SEARCH',
      parameter: '/app/local/SEARCH',
      value: 'false',
      version: 7,
    })
    expect(first?.headers['x-signature-256']).toMatch(/^sha256=/)
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key'])
  })

  test('has not followed when the webhook does not say so', async () => {
    const { deliver } = await brings([503])
    await expect(deliver()).rejects.toMatchObject({ name: 'Webhook.NotDelivered' })
  })
})
