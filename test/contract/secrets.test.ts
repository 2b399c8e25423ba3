import { SSM } from '@aws-sdk/client-ssm'
import { expect, test } from 'vitest'
import { ssmSecrets } from '#aws/secrets.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

const NAME = '/app/prod/STATUS_PAGE_SECRET'
const LIMITS = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }

const open = async () => {
  const { faults } = await host(ssmService({ directory: await scratch(), clock: realClock }))
  return { ssm: new SSM(), faults, secrets: ssmSecrets(LIMITS) }
}

test('a secret is read decrypted', async () => {
  const { ssm, secrets } = await open()
  await ssm.putParameter({ Name: NAME, Value: 'hush', Type: 'SecureString' })
  expect(await secrets.read(NAME)).toBe('hush')
})

test('a secret that lies there in the clear is refused, and is not quoted', async () => {
  const { ssm, secrets } = await open()
  await ssm.putParameter({ Name: NAME, Value: 'hush', Type: 'String' })
  const error: unknown = await secrets.read(NAME).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ name: 'Secret.Unreadable', category: 'refused' })
  expect(String(error)).toContain(`"${NAME}" is a String`)
  expect(String(error)).not.toContain('hush')
})

test('one that is not there, and a store that does not answer, are named', async () => {
  const { secrets, faults } = await open()
  await expect(secrets.read(NAME)).rejects.toMatchObject({
    name: 'Secret.Unreadable',
    message: expect.stringContaining(NAME),
  })
  faults.add({ service: 'ssm', fault: { reset: true } })
  await expect(secrets.read(NAME)).rejects.toMatchObject({ name: 'Secret.Unreadable', category: 'unreachable' })
})
