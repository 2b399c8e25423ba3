import { describe, expect, test } from 'vitest'
import { rdsCapacities, rdsParameterGroups, rdsSnapshots } from '#aws/rds.ts'
import { rdsService } from '#local/endpoints/rds.ts'
import { RdsState } from '#local/endpoints/rds-state.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'

/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }

const open = async (state: object = {}) => {
  const service = rdsService({ directory: await scratch() })
  service.load(RdsState.parse(state))
  const { faults } = await host(service)
  return {
    service,
    faults,
    groups: rdsParameterGroups(PATIENT),
    capacities: rdsCapacities(PATIENT),
    snapshots: rdsSnapshots(PATIENT),
  }
}
const APP = { of: 'instance', group: 'app' } as const

test('a parameter group of many pages is read whole; one that is not there is none', async () => {
  const parameters = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`p${index}`, { default: '<1>' }]))
  const { groups } = await open({ 'parameter-groups': { app: { parameters } } })
  const found = await groups.read(APP)
  expect(found).toHaveLength(250)
  expect(found?.[0]).toEqual({ name: 'p0', value: '<1>', source: 'engine-default', apply: 'dynamic', modifiable: true })
  expect(await groups.read({ of: 'cluster', group: 'app' })).toBeNull()
  expect(await groups.read({ of: 'instance', group: 'none' })).toBeNull()
})

test('a parameter is set, or given back to the engine, and who uses the group waits for a reboot when it is static', async () => {
  const { groups } = await open({
    'parameter-groups': {
      app: { parameters: { a: { default: '1', value: '2' }, b: { default: '1', apply: 'static' } } },
    },
    instances: { one: { 'parameter-group': 'app' }, two: { 'parameter-group': 'other' } },
  })
  await groups.write(APP, [{ name: 'a', value: null, apply: 'dynamic' }])
  expect(await groups.users(APP)).toEqual([{ name: 'one', status: 'in-sync' }])
  await groups.write(APP, [{ name: 'b', value: '3', apply: 'static' }])
  expect(await groups.users(APP)).toEqual([{ name: 'one', status: 'pending-reboot' }])
  expect((await groups.read(APP))?.map(({ name, value, source }) => [name, value, source])).toEqual([
    ['a', '1', 'engine-default'],
    ['b', '3', 'user'],
  ])
  await expect(groups.write(APP, [{ name: 'none', value: '1', apply: 'dynamic' }])).rejects.toMatchObject({
    name: 'Rds.Refused',
    message: expect.stringContaining('"app"'),
  })
})

test('the capacity of a serverless cluster is read and written; others have none', async () => {
  const { capacities } = await open({ clusters: { app: { min: 0.5, max: 4 }, fixed: {} } })
  expect(await capacities.read('app')).toEqual({ range: { min: 0.5, max: 4 }, status: 'available' })
  await capacities.write('app', { min: 2, max: 8 })
  expect(await capacities.read('app')).toMatchObject({ range: { min: 2, max: 8 } })
  expect(await capacities.read('fixed')).toMatchObject({ range: null })
  expect(await capacities.read('none')).toBeNull()
})

test.each(['instance', 'cluster'] as const)('a snapshot of an %s is made once, with its tags', async (of) => {
  const { snapshots, service } = await open({
    instances: { app: {}, busy: { status: 'modifying' } },
    clusters: { app: {}, busy: { status: 'modifying' } },
  })
  const source = { of, name: 'app' }
  expect(await snapshots.find(source, 'snap')).toBeNull()
  expect(await snapshots.start(source, 'snap', { plan: 'small' })).toBe('started')
  expect(await snapshots.start(source, 'snap', { plan: 'small' })).toBe('started')
  expect(service.snapshots()).toEqual({ snap: { of, source: 'app', tags: { plan: 'small' } } })
  expect((await snapshots.find(source, 'snap'))?.status).toBe('creating')
  expect(await snapshots.find(source, 'snap')).toEqual({ status: 'available', percent: 100 })
  expect(await snapshots.start({ of, name: 'busy' }, 'other', {})).toBe('busy')
  expect(await snapshots.start({ of, name: 'none' }, 'other', {})).toBe('no such database')
})

describe('RDS', () => {
  test('that does not answer is worth another try, and a right that is missing is named', async () => {
    const { groups, capacities, faults } = await open()
    const up = faults.add({ service: 'rds', fault: { reset: true } })
    await expect(groups.read(APP)).rejects.toMatchObject({ name: 'Rds.Unreachable', category: 'unreachable' })
    up()
    faults.add({ service: 'rds', operation: 'ModifyDBCluster', fault: { status: 403, code: 'AccessDenied' } })
    await expect(capacities.write('app', { min: 1, max: 2 })).rejects.toMatchObject({
      name: 'Rds.Denied',
      fix: expect.stringContaining('rds:ModifyDBCluster'),
    })
  })
})
