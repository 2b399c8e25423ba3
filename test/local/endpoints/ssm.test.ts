import { readdir } from 'node:fs/promises'
import { paginateGetParameterHistory, paginateGetParametersByPath, SSM } from '@aws-sdk/client-ssm'
import { describe, expect, test } from 'vitest'
import { ssmService } from '#local/endpoints/ssm.ts'
import { FakeClock } from '#test/local/asl/fake-clock.ts'
import { errorName, host, scratch } from './host.ts'

const open = async (directory?: string) => {
  const at = directory ?? (await scratch())
  await host(ssmService({ directory: at, clock: new FakeClock() }))
  return { ssm: new SSM({ maxAttempts: 1 }), directory: at }
}
const put = (ssm: SSM, Name: string, Value: string) =>
  ssm.putParameter({ Name, Value, Type: 'String', Overwrite: true })

describe('a parameter', () => {
  test('is read as it was written, with its version and time', async () => {
    const { ssm } = await open()
    await put(ssm, '/app/dev/SEARCH', 'true')
    const { Version } = await put(ssm, '/app/dev/SEARCH', 'false')
    const { Parameter } = await ssm.getParameter({ Name: '/app/dev/SEARCH', WithDecryption: true })
    expect(Version).toBe(2)
    expect(Parameter).toMatchObject({
      Name: '/app/dev/SEARCH',
      Type: 'String',
      Value: 'false',
      Version: 2,
      LastModifiedDate: new Date('2026-11-01T00:00:00.000Z'),
      ARN: expect.stringMatching(/^arn:aws:ssm:.*:parameter\/app\/dev\/SEARCH$/),
    })
  })

  test('is not overwritten unless the caller says so', async () => {
    const { ssm } = await open()
    await put(ssm, '/app/FLAG', 'on')
    const again = ssm.putParameter({ Name: '/app/FLAG', Value: 'off', Type: 'String' })
    expect(await errorName(again)).toBe('ParameterAlreadyExists')
    expect((await ssm.getParameter({ Name: '/app/FLAG' })).Parameter?.Value).toBe('on')
  })

  test('is read in an earlier version by "name:version"', async () => {
    const { ssm } = await open()
    await put(ssm, '/app/FLAG', 'on')
    await put(ssm, '/app/FLAG', 'off')
    expect((await ssm.getParameter({ Name: '/app/FLAG:1' })).Parameter?.Value).toBe('on')
    expect(await errorName(ssm.getParameter({ Name: '/app/FLAG:9' }))).toBe('ParameterVersionNotFound')
  })

  test('keeps its last 100 versions', async () => {
    const { ssm } = await open()
    for (let value = 1; value <= 103; value++) await put(ssm, '/app/RAMP', String(value))
    const found: (string | undefined)[] = []
    for await (const { Parameters } of paginateGetParameterHistory({ client: ssm }, { Name: '/app/RAMP' })) {
      found.push(...(Parameters ?? []).map(({ Value }) => Value))
    }
    expect(found).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 4)))
  })

  test('is gone when it was deleted', async () => {
    const { ssm } = await open()
    await put(ssm, '/app/FLAG', 'on')
    await ssm.deleteParameter({ Name: '/app/FLAG' })
    expect(await errorName(ssm.getParameter({ Name: '/app/FLAG' }))).toBe('ParameterNotFound')
    expect(await errorName(ssm.deleteParameter({ Name: '/app/FLAG' }))).toBe('ParameterNotFound')
  })

  test('carries the tags of its creation and those added later', async () => {
    const { ssm } = await open()
    const created = { Name: '/app/FLAG', Value: 'on', Type: 'String' as const }
    await ssm.putParameter({ ...created, Tags: [{ Key: 'plan', Value: 'search' }] })
    const resource = { ResourceType: 'Parameter' as const, ResourceId: '/app/FLAG' }
    await ssm.addTagsToResource({ ...resource, Tags: [{ Key: 'owner', Value: 'dba' }] })
    expect((await ssm.listTagsForResource(resource)).TagList).toEqual([
      { Key: 'plan', Value: 'search' },
      { Key: 'owner', Value: 'dba' },
    ])
    const unknown = ssm.addTagsToResource({ ...resource, ResourceId: '/nowhere', Tags: [] })
    expect(await errorName(unknown)).toBe('InvalidResourceId')
  })

  test('outlives the process', async () => {
    const { ssm, directory } = await open()
    await put(ssm, '/app/FLAG', 'on')
    await put(ssm, '/app/FLAG', 'off')
    const { ssm: later } = await open(directory)
    expect((await later.getParameter({ Name: '/app/FLAG' })).Parameter).toMatchObject({ Value: 'off', Version: 2 })
    expect(await readdir(directory)).toEqual(['parameters.json'])
  })
})

describe('many parameters', () => {
  test('are read at once, and the unknown ones are named', async () => {
    const { ssm } = await open()
    await put(ssm, '/a', '1')
    const { Parameters, InvalidParameters } = await ssm.getParameters({ Names: ['/a', '/b'] })
    expect(Parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([['/a', '1']])
    expect(InvalidParameters).toEqual(['/b'])
  })

  test('are found below a path, one level or all of them, page by page', async () => {
    const { ssm } = await open()
    for (let number = 0; number < 12; number++) await put(ssm, `/app/dev/F${String(number).padStart(2, '0')}`, 'x')
    await put(ssm, '/app/dev/deep/F', 'x')
    await put(ssm, '/app/development', 'x')
    const below = async (Recursive: boolean) => {
      const names: (string | undefined)[] = []
      const pages = paginateGetParametersByPath({ client: ssm, pageSize: 5 }, { Path: '/app/dev', Recursive })
      for await (const { Parameters } of pages) names.push(...(Parameters ?? []).map(({ Name }) => Name))
      return names
    }
    expect(await below(false)).toHaveLength(12)
    expect(await below(true)).toHaveLength(13)
    expect(await below(true)).not.toContain('/app/development')
  })
})

describe('refuses', () => {
  test.each([
    ['a name with a space', { Name: '/a b', Value: 'x', Type: 'String' }, 'ValidationException'],
    ['a path without its slash', { Name: 'a/b', Value: 'x', Type: 'String' }, 'ValidationException'],
    ['a name that is AWS’s own', { Name: '/aws/x', Value: 'x', Type: 'String' }, 'ValidationException'],
    [
      'a name of 16 levels',
      { Name: '/a'.repeat(16), Value: 'x', Type: 'String' },
      'HierarchyLevelLimitExceededException',
    ],
    ['an empty value', { Name: '/a', Value: '', Type: 'String' }, 'ValidationException'],
    ['a value over 4 KiB', { Name: '/a', Value: 'x'.repeat(4_097), Type: 'String' }, 'ValidationException'],
    ['a new parameter without a type', { Name: '/a', Value: 'x' }, 'ValidationException'],
    ['what is not done here', { Name: '/a', Value: 'x', Type: 'String', Tier: 'Advanced' }, 'ValidationException'],
  ] as const)('%s', async (_, parameter, name) => {
    const { ssm } = await open()
    expect(await errorName(ssm.putParameter(parameter))).toBe(name)
  })

  test('another type for a parameter that exists', async () => {
    const { ssm } = await open()
    await put(ssm, '/a', 'x')
    const changed = ssm.putParameter({ Name: '/a', Value: 'x', Type: 'StringList', Overwrite: true })
    expect(await errorName(changed)).toBe('HierarchyTypeMismatchException')
  })

  test('a call that is not served', async () => {
    const { ssm } = await open()
    expect(await errorName(ssm.describeParameters({}))).toBe('UnknownOperationException')
  })
})

test('a secret is shown to those who ask for it decrypted', async () => {
  const { ssm } = await open()
  const Name = '/app/dev/SECRET'
  await ssm.putParameter({ Name, Value: 'hush', Type: 'SecureString' })
  const plain = await ssm.getParameter({ Name, WithDecryption: true })
  const sealed = await ssm.getParameter({ Name })
  const history = await ssm.getParameterHistory({ Name })
  expect(plain.Parameter).toMatchObject({ Type: 'SecureString', Value: 'hush' })
  expect(sealed.Parameter?.Type).toBe('SecureString')
  for (const value of [sealed.Parameter?.Value, history.Parameters?.[0]?.Value]) {
    expect(value).toBeTruthy()
    expect(value).not.toContain('hush')
  }
})
