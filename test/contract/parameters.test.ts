import { inspect } from 'node:util'
import { SSM } from '@aws-sdk/client-ssm'
import { describe, expect, test } from 'vitest'
import { ssmParameters } from '#aws/parameters.ts'
import type { Parameters } from '#core/ports-config.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
const KEY = '/app/dev/KEY'

const open = async () => {
  const { faults } = await host(ssmService({ directory: await scratch(), clock: realClock }))
  const ssm = new SSM({ maxAttempts: 1 })
  const put = (Name: string, Value: string, Type: 'String' | 'StringList' | 'SecureString' = 'String') =>
    ssm.putParameter({ Name, Value, Type, Overwrite: true })
  return { parameters: ssmParameters(PATIENT), faults, ssm, put }
}

describe('parameters', () => {
  test('are read by name, as many as there are, and those that are not there are left out', async () => {
    const { parameters, put } = await open()
    const names = Array.from({ length: 12 }, (_, index) => `/app/dev/N${index}`)
    for (const name of names) await put(name, 'x')
    const found = await parameters.read([...names, '/app/dev/NONE'])
    expect(found.map(({ name }) => name).sort()).toEqual(names.toSorted())
    expect(await parameters.read([])).toEqual([])
  })

  test('are read below a folder, at any depth, page by page', async () => {
    const { parameters, put } = await open()
    for (let index = 0; index < 12; index += 1) await put(`/app/dev/deep/N${index}`, 'x')
    await put('/app/dev/LIST', 'a,b', 'StringList')
    await put('/app/device', 'x')
    const found = await parameters.below('/app/dev/')
    expect(found).toHaveLength(13)
    expect(found.find(({ name }) => name === '/app/dev/LIST')).toMatchObject({ type: 'StringList', value: 'a,b' })
  })

  test('are written with the type that they have', async () => {
    const { parameters } = await open()
    expect(await parameters.write('/app/dev/LIST', 'a,b', 'StringList')).toEqual({ version: 1 })
    expect(await parameters.read(['/app/dev/LIST'])).toMatchObject([{ type: 'StringList', value: 'a,b', version: 1 }])
  })

  test('that are secrets have no value for anybody', async () => {
    const { parameters, put } = await open()
    await put(KEY, 'made-up', 'SecureString')
    for (const [found] of [await parameters.read([KEY]), await parameters.below('/app/dev/')])
      expect(found).toMatchObject({ type: 'SecureString', version: 1, value: null })
  })
})

describe('a secret', () => {
  const versionOf = async (parameters: Parameters) => {
    const [found] = await parameters.read([KEY])
    return { version: found?.version ?? 0, modified: found?.modified ?? '' }
  }

  test('is the same as a version, another, or one that nobody has any more', async () => {
    const { parameters, put, ssm } = await open()
    await put(KEY, 'made-up-1', 'SecureString')
    const first = await versionOf(parameters)
    expect(await parameters.compareSecret(KEY, first)).toBe('same')
    await put(KEY, 'made-up-2', 'SecureString')
    expect(await parameters.compareSecret(KEY, first)).toBe('other')
    await parameters.restoreSecret(KEY, first)
    expect(await parameters.compareSecret(KEY, first)).toBe('same')
    expect((await ssm.getParameter({ Name: KEY, WithDecryption: true })).Parameter?.Value).toBe('made-up-1')
    await ssm.deleteParameter({ Name: KEY })
    expect(await parameters.compareSecret(KEY, first)).toBe('gone')
    // Made anew, it counts from 1 again.
    await put(KEY, 'made-up-3', 'SecureString')
    expect(await parameters.compareSecret(KEY, first)).toBe('gone')
    await expect(parameters.restoreSecret(KEY, first)).rejects.toMatchObject({ name: 'Parameter.NotWritten' })
  })

  test('stands in no error, also when the service quotes what it refuses', async () => {
    const service = ssmService({ directory: await scratch(), clock: realClock })
    let refuses = false
    await host({
      ...service,
      handle: async (request, body) => {
        if (!refuses || service.operation?.(request, body) !== 'PutParameter') return service.handle(request, body)
        const { Value } = JSON.parse(body.toString('utf8'))
        const message = `Value "${Value}" at "value" failed to satisfy constraint`
        const headers = { 'content-type': 'application/x-amz-json-1.1' }
        return { status: 400, headers, body: JSON.stringify({ __type: 'ValidationException', message }) }
      },
    })
    const ssm = new SSM({ maxAttempts: 1 })
    const put = (Value: string) => ssm.putParameter({ Name: KEY, Value, Type: 'SecureString', Overwrite: true })
    const parameters = ssmParameters(PATIENT)
    await put('made-up-1')
    const first = await versionOf(parameters)
    await put('made-up-2')
    refuses = true
    const error: unknown = await parameters.restoreSecret(KEY, first).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'Parameter.NotWritten', message: expect.stringContaining('failed to satisfy') })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('made-up')
  })
})

describe.each([
  ['GetParameters', 'Parameter.Unreadable', (parameters: Parameters) => parameters.read([KEY])],
  ['GetParametersByPath', 'Parameter.Unreadable', (parameters: Parameters) => parameters.below('/app/dev/')],
  ['PutParameter', 'Parameter.NotWritten', (parameters: Parameters) => parameters.write(KEY, 'x', 'String')],
  [
    'GetParameterHistory',
    'Parameter.Unreadable',
    (parameters: Parameters) => parameters.compareSecret(KEY, { version: 1, modified: '' }),
  ],
] as const)('%s', (operation, name, call) => {
  test('that fails names what it was about, and is worth another try when the service is down', async () => {
    const { parameters, faults } = await open()
    faults.add({ service: 'ssm', operation, fault: { reset: true } })
    await expect(call(parameters)).rejects.toMatchObject({ name, category: 'unreachable' })
  })

  test('that is not allowed says which right is missing', async () => {
    const { parameters, faults } = await open()
    faults.add({ service: 'ssm', operation, fault: { status: 400, code: 'AccessDeniedException' } })
    await expect(call(parameters)).rejects.toMatchObject({
      name: 'Parameter.Denied',
      fix: expect.stringContaining(`ssm:${operation}`),
    })
  })
})
