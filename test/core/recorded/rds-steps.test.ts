import { DescribeDBParametersCommand, RDSClient, ResetDBParameterGroupCommand } from '@aws-sdk/client-rds'
import { describe, expect, test } from 'vitest'
import { readLeftOpen } from '#core/incident/left-open.ts'
import { configWorld, withSteps } from './world.ts'

const GROUP =
  'parameter-group: { group: "app-{env}", parameters: [work_mem, max_connections, shared_preload_libraries], reboot: ask }'
const group = {
  group: 'app-{env}',
  of: 'instance',
  parameters: ['work_mem', 'max_connections', 'shared_preload_libraries'],
  reboot: 'ask',
}
const groupOf = (workMem: string | null, connections: string, libraries: string) => ({
  rds: {
    'parameter-groups': {
      'app-test': {
        parameters: {
          work_mem: { default: '4096', value: workMem },
          max_connections: { default: '100', value: connections, apply: 'static' },
          shared_preload_libraries: { default: 'rdsutils', value: libraries, apply: 'static' },
          random_page_cost: { default: '4', value: '1.1' },
        },
      },
    },
    instances: { 'app-1': { 'parameter-group': 'app-test' }, other: { 'parameter-group': 'default' } },
  },
})

/** A group whose good values are not the engine's. */
const start = async (good = groupOf(null, '200', 'pg_stat_statements')) => {
  const world = await configWorld(withSteps([GROUP]), good)
  const rds = new RDSClient({ maxAttempts: 1 })
  const values = async () => {
    const { Parameters } = await rds.send(new DescribeDBParametersCommand({ DBParameterGroupName: 'app-test' }))
    return Object.fromEntries(
      (Parameters ?? []).map(({ ParameterName, ParameterValue, Source }) => [
        ParameterName,
        `${ParameterValue} (${Source})`,
      ]),
    )
  }
  await world.record()
  world.stack.clock.travel(60_000)
  return { ...world, rds, values }
}

describe('database parameters', () => {
  test('go back to what was recorded, which is not the default of the engine, and nobody reboots (OPT-49, OPT-50, DEF-09)', async () => {
    const world = await start()
    const good = await world.values()
    await world.load(groupOf('1048576', '5000', 'pg_stat_statements,auto_explain'))
    const run = await world.begin('one')
    const { changed, detail, waitSeconds } = await world.step(run, 'parameter-group', group)
    expect([changed, waitSeconds]).toEqual([true, 0])
    expect(await world.values()).toEqual(good)
    expect(good).toMatchObject({
      work_mem: '4096 (engine-default)',
      max_connections: '200 (user)',
      shared_preload_libraries: 'pg_stat_statements (user)',
    })
    const ask =
      'Reboot "app-1" in a window, so that max_connections, shared_preload_libraries take effect: aws rds reboot-db-instance --db-instance-identifier app-1.'
    expect(detail).toContain('work_mem back to the default of the engine (4096), max_connections back to "200"')
    expect(detail).toContain(ask)
    expect(await readLeftOpen(world.stack.objects, run.incident)).toEqual([ask])
    expect(await world.bucket('incidents/one/config/')).toHaveLength(1)
  })

  test('are not what a reset leaves: that takes the library away which the system needs, and the step brings it back (DEF-09)', async () => {
    const world = await start()
    const Parameters = group.parameters.map((ParameterName) => ({
      ParameterName,
      ApplyMethod: 'pending-reboot' as const,
    }))
    await world.rds.send(new ResetDBParameterGroupCommand({ DBParameterGroupName: 'app-test', Parameters }))
    expect(await world.values()).toMatchObject({
      shared_preload_libraries: 'rdsutils (engine-default)',
      max_connections: '100 (engine-default)',
    })
    await world.step(await world.begin('one'), 'parameter-group', group)
    expect(await world.values()).toMatchObject({
      shared_preload_libraries: 'pg_stat_statements (user)',
      max_connections: '200 (user)',
    })
  })

  test('that no step names stay as they are, and a second call changes nothing but still says what waits', async () => {
    const world = await start()
    await world.load({
      rds: {
        'parameter-groups': {
          'app-test': {
            parameters: {
              ...groupOf('9', '200', 'pg_stat_statements').rds['parameter-groups']['app-test'].parameters,
              max_connections: { default: '100', value: '7', apply: 'static' },
              random_page_cost: { default: '4', value: '2' },
            },
          },
        },
      },
    })
    const run = await world.begin('one')
    await world.step(run, 'parameter-group', group)
    expect(await world.values()).toMatchObject({ random_page_cost: '2 (user)', max_connections: '200 (user)' })
    const second = await world.step(run, 'parameter-group', group)
    expect(second.changed).toBe(false)
    expect(second.detail).toContain('are as recorded at')
    expect(second.detail).toContain('Reboot "app-1" in a window')
  })

  test('take effect by themselves when they are dynamic: nobody is asked for a reboot', async () => {
    const world = await start()
    await world.load(groupOf('1048576', '200', 'pg_stat_statements'))
    const run = await world.begin('one')
    const { detail } = await world.step(run, 'parameter-group', group)
    expect(detail).not.toMatch(/reboot/i)
    expect(await readLeftOpen(world.stack.objects, run.incident)).toEqual([])
  })

  test('that wait for a reboot are asked for also when the call that changed them was killed before it could ask', async () => {
    const world = await start()
    await world.load(groupOf(null, '5000', 'pg_stat_statements'))
    const run = await world.begin('one')
    const mend = world.stack.faults.add({ service: 'rds', operation: 'DescribeDBInstances', fault: { status: 500 } })
    await expect(world.step(run, 'parameter-group', group)).rejects.toMatchObject({ errorType: 'Rds.Unreachable' })
    mend()
    // RDS does not say yet that it waits.
    await world.load(groupOf(null, '200', 'pg_stat_statements'))
    const { changed, detail } = await world.step(run, 'parameter-group', group)
    expect(changed).toBe(false)
    expect(detail).toContain('Reboot "app-1" in a window, so that max_connections take effect')
    expect(await readLeftOpen(world.stack.objects, run.incident)).toHaveLength(1)
  })

  test('are refused where the group is not there, and where the record does not know them', async () => {
    const world = await start()
    const other = (more: object) =>
      world.begin('one').then((run) => world.step(run, 'parameter-group', { ...group, ...more }))
    await expect(other({ parameters: ['statement_timeout'] })).rejects.toMatchObject({
      errorType: 'Recorded.NotLookedAt',
      errorMessage: expect.stringContaining('"statement_timeout" of parameter group "app-test"'),
    })
    await expect(other({ of: 'cluster' })).rejects.toMatchObject({ errorType: 'Recorded.NotLookedAt' })
    const wrong = await configWorld(withSteps([GROUP]))
    await expect(wrong.record()).rejects.toMatchObject({ name: 'ParameterGroup.Missing' })
  })

  test('of Aurora clusters are in groups of their own', async () => {
    const step = 'parameter-group: { group: app, of: cluster, parameters: [work_mem], reboot: ask }'
    const cluster = (value: string) => ({
      rds: {
        'parameter-groups': { app: { of: 'cluster', parameters: { work_mem: { value, apply: 'static' } } } },
        clusters: { aurora: { 'parameter-group': 'app' } },
      },
    })
    const world = await configWorld(withSteps([step]), cluster('8192'))
    await world.record()
    await world.load(cluster('1'))
    const input = { group: 'app', of: 'cluster', parameters: ['work_mem'], reboot: 'ask' }
    const { detail } = await world.step(await world.begin('one'), 'parameter-group', input)
    expect(detail).toContain('work_mem back to "8192"')
    expect(detail).toContain('Reboot the instances of cluster "aurora" in a window')
  })
})

describe('capacity', () => {
  const STEPS = ['capacity: { cluster: "app-{env}", min: 4, max: 32 }', 'capacity: { back: "app-{env}" }']
  const up = { cluster: 'app-{env}', min: 4, max: 32 }
  const back = { back: 'app-{env}' }
  const clusterOf = (range: object) => ({ rds: { clusters: { 'app-test': range } } })

  test('goes up, is never made less by that, and goes back to what it was before', async () => {
    const world = await configWorld(withSteps(STEPS), clusterOf({ min: 8, max: 16 }))
    const run = await world.begin('one')
    const raised = await world.step(run, 'capacity', up)
    expect(raised).toMatchObject({ changed: true, waitSeconds: 10 })
    expect(raised.detail).toBe('"app-test" from 8 to 16 ACU to 8 to 32 ACU')
    expect(await world.step(run, 'capacity', up)).toMatchObject({ changed: false, waitSeconds: 0 })
    const two = await world.begin('two')
    const { detail } = await world.step(two, 'capacity', back)
    expect(detail).toBe('"app-test" from 8 to 32 ACU back to 8 to 16 ACU')
    expect(await world.step(two, 'capacity', back)).toMatchObject({
      detail: '"app-test" has 8 to 16 ACU again',
      waitSeconds: 0,
    })
    expect((await world.step(await world.begin('three'), 'capacity', back)).detail).toContain(
      'nothing is to be put back',
    )
  })

  test('that somebody has changed since is left alone', async () => {
    const world = await configWorld(withSteps(STEPS), clusterOf({ min: 1, max: 2 }))
    const run = await world.begin('one')
    await world.step(run, 'capacity', up)
    await world.load(clusterOf({ min: 2, max: 64 }))
    expect(await world.step(run, 'capacity', back)).toMatchObject({
      changed: false,
      detail: '"app-test" has 2 to 64 ACU, which no step has set: left alone',
    })
  })

  test.each([
    ['raised', up, '4 to 32 ACU'],
    ['put back', back, '1 to 2 ACU again'],
  ])('is %s when the cluster has time for it, and nobody is called because it had none', async (_what, input, there) => {
    const world = await configWorld(withSteps(STEPS), clusterOf({ min: 1, max: 2 }))
    const run = await world.begin('one')
    if (input === back) await world.step(run, 'capacity', up)
    const at = input === back ? { min: 4, max: 32 } : { min: 1, max: 2 }
    await world.load(clusterOf({ ...at, status: 'backing-up' }))
    expect(await world.step(run, 'capacity', input)).toMatchObject({
      changed: false,
      detail: expect.stringContaining('is busy'),
      waitSeconds: 10,
    })
    await world.load(clusterOf(at))
    expect((await world.step(run, 'capacity', input)).changed).toBe(true)
    expect((await world.step(run, 'capacity', input)).detail).toBe(`"app-test" has ${there}`)
  })

  test('is waited for while the cluster is being modified', async () => {
    const world = await configWorld(withSteps(STEPS), clusterOf({ min: 4, max: 32, status: 'modifying' }))
    expect(await world.step(await world.begin('one'), 'capacity', up)).toMatchObject({
      changed: false,
      waitSeconds: 10,
    })
  })

  test.each([
    ['a cluster that is not there', 'Capacity.NoCluster', { rds: {} }],
    ['a cluster of fixed size', 'Capacity.NotServerless', clusterOf({})],
  ])('is refused for %s', async (_what, error, state) => {
    const world = await configWorld(withSteps(STEPS), state)
    await expect(world.step(await world.begin('one'), 'capacity', up)).rejects.toMatchObject({ errorType: error })
  })
})

describe('a snapshot by RDS', () => {
  const STEP = 'rds-snapshot: { cluster: "app-{env}" }'
  const input = { cluster: 'app-{env}' }

  test('is started once, waited for, and found by the call after one that was killed', async () => {
    const world = await configWorld(withSteps([STEP]), { rds: { clusters: { 'app-test': {} } } })
    const run = await world.begin('one')
    // The snapshot is begun, and nobody hears of it.
    world.stack.faults.add({
      service: 'rds',
      operation: 'CreateDBClusterSnapshot',
      times: 1,
      fault: { loseAnswer: true },
    })
    const first = await world.step(run, 'rds-snapshot', input)
    expect(first).toMatchObject({ waitSeconds: 30 })
    const second = await world.step(run, 'rds-snapshot', input)
    expect(second.detail).toMatch(
      /^RDS snapshot "vector-rollback-small-[0-9a-f]{12}" of cluster "app-test": creating, 0%$/,
    )
    expect(await world.step(run, 'rds-snapshot', input)).toMatchObject({
      detail: expect.stringMatching(/ is there$/),
      waitSeconds: 0,
    })
    const other = await world.step(await world.begin('two'), 'rds-snapshot', input)
    expect(other.changed).toBe(true)
  })

  test('of a database that is busy is asked for again, and of one that is not there refused', async () => {
    const world = await configWorld(withSteps([STEP]), { rds: { clusters: { 'app-test': { status: 'modifying' } } } })
    const run = await world.begin('one')
    expect(await world.step(run, 'rds-snapshot', input)).toMatchObject({ changed: false, waitSeconds: 30 })
    await expect(world.step(run, 'rds-snapshot', { instance: 'nowhere' })).rejects.toMatchObject({
      errorType: 'RdsSnapshot.NoDatabase',
    })
  })
})
