import { createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kmsSigner } from '#aws/signer.ts'
import type { Signer } from '#core/ports.ts'
import { kmsService } from '#local/endpoints/kms.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { testSigner } from '#test/support/signer.ts'

const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/test'
/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }

const overKms = async (directory?: string) => {
  const folder = directory ?? (await scratch())
  const { faults } = await host(kmsService({ directory: folder, keyArn: KEY }))
  return { signer: kmsSigner(KEY, PATIENT), faults, folder }
}

const isBy = (publicKey: string, text: string, signature: string): boolean =>
  verify(
    'sha256',
    Buffer.from(text),
    createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' }),
    Buffer.from(signature, 'base64'),
  )

describe.each<[string, () => Promise<Signer>]>([
  ['of KMS', async () => (await overKms()).signer],
  ['of the tests', async () => testSigner()],
])('a signer %s', (_, open) => {
  test('signs what its public key verifies, and nothing else', async () => {
    const signer = await open()
    const signature = await signer.sign('yes')
    const key = await signer.publicKey()
    expect(isBy(key, 'yes', signature)).toBe(true)
    expect(isBy(key, 'no', signature)).toBe(false)
    expect(isBy(testSigner().key, 'yes', signature)).toBe(false)
  })
})

describe('the key of a state folder', () => {
  test('is the same after a restart, and another in another folder', async () => {
    const { signer, folder } = await overKms()
    const key = await signer.publicKey()
    expect(await (await overKms(folder)).signer.publicKey()).toBe(key)
    expect(await (await overKms()).signer.publicKey()).not.toBe(key)
    expect(await readFile(join(folder, 'key.pem'), 'utf8')).toContain('PRIVATE KEY')
  })

  test('that is not there, or does not answer, is an error by name', async () => {
    const { signer, faults } = await overKms()
    await expect(kmsSigner(`${KEY}-2`, PATIENT).sign('yes')).rejects.toMatchObject({ name: 'Signer.Rejected' })
    faults.add({ service: 'kms', operation: 'Sign', fault: { status: 500 } })
    await expect(signer.sign('yes')).rejects.toMatchObject({ name: 'Signer.Unreachable', category: 'unreachable' })
    faults.add({ service: 'kms', operation: 'GetPublicKey', fault: { status: 400, code: 'AccessDeniedException' } })
    await expect(signer.publicKey()).rejects.toMatchObject({
      name: 'Signer.Denied',
      message: expect.stringContaining('kms:GetPublicKey'),
    })
  })

  test('signs no text that KMS would refuse', async () => {
    const { signer } = await overKms()
    await expect(signer.sign('x'.repeat(4_097))).rejects.toMatchObject({ name: 'Signer.Rejected' })
  })
})
