import { describe, expect, test } from 'vitest'
import type { Limits } from '#aws/clients.ts'
import { ssmFlags } from '#aws/flags.ts'
import type { FlagPath } from '#core/names.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

const FLAG = '/app/dev/VECTOR_SEARCH_ENABLED' as FlagPath
/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
/** For what never answers. */
const HASTY = { ...PATIENT, idleMilliseconds: 200 }

const open = async () => {
  const { faults } = await host(ssmService({ directory: await scratch(), clock: realClock }))
  return { flags: ssmFlags(PATIENT), faults }
}

describe('a flag', () => {
  test('that nobody created is absent, not an error', async () => {
    const { flags } = await open()
    expect(await flags.read(FLAG)).toBeNull()
  })

  test('is created by the first write and overwritten by the next, with a new version each time', async () => {
    const { flags } = await open()
    expect(await flags.write(FLAG, 'true')).toEqual({ version: 1 })
    expect(await flags.read(FLAG)).toEqual({ value: 'true', version: 1 })
    expect(await flags.write(FLAG, 'false')).toEqual({ version: 2 })
    expect(await flags.read(FLAG)).toEqual({ value: 'false', version: 2 })
  })

  test('can be written by several at once: the last version is what is read', async () => {
    const { flags } = await open()
    const written = await Promise.all(['a', 'b', 'c', 'd'].map((value) => flags.write(FLAG, value)))
    expect(written.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4])
    expect((await flags.read(FLAG))?.version).toBe(4)
  })

  test('of a wrong name is refused by name and value', async () => {
    const { flags } = await open()
    await expect(flags.write('/aws/mine' as FlagPath, 'false')).rejects.toMatchObject({
      name: 'Flag.NotWritten',
      category: 'failed',
      message: expect.stringMatching(/"false".*"\/aws\/mine"/s),
    })
  })
})

describe.each([
  ['Flag.Unreadable', 'GetParameter', (limits: Limits) => ssmFlags(limits).read(FLAG)],
  ['Flag.NotWritten', 'PutParameter', (limits: Limits) => ssmFlags(limits).write(FLAG, 'false')],
] as const)('%s', (name, operation, call) => {
  test.each([
    ['is gone', { reset: true }],
    ['never answers', { blackHole: true }],
    ['has an error of its own', { status: 500 }],
    ['throttles', { status: 400, code: 'ThrottlingException' }],
  ] as const)('names the parameter and is worth a retry when Parameter Store %s', async (_, fault) => {
    const { faults } = await open()
    faults.add({ service: 'ssm', operation, fault })
    await expect(call('blackHole' in fault ? HASTY : PATIENT)).rejects.toMatchObject({
      name,
      category: 'unreachable',
      message: expect.stringContaining(`"${FLAG}"`),
    })
  })

  test('is not what a missing permission is called', async () => {
    const { faults } = await open()
    faults.add({ service: 'ssm', operation, fault: { status: 400, code: 'AccessDeniedException' } })
    await expect(call(PATIENT)).rejects.toMatchObject({
      name: 'Flag.Denied',
      message: expect.stringContaining(`"${FLAG}"`),
      fix: expect.stringContaining(`ssm:${operation}`),
    })
  })
})

test('a call that failed once is repeated by the SDK', async () => {
  const { faults } = await open()
  const flags = ssmFlags({ ...PATIENT, attempts: 3 })
  faults.add({ service: 'ssm', operation: 'PutParameter', times: 1, fault: { status: 500 } })
  expect(await flags.write(FLAG, 'false')).toEqual({ version: 1 })
})
