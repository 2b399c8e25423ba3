import { generateKeyPairSync, sign } from 'node:crypto'
import type { Signer } from '#core/ports.ts'

/** A key as KMS would hold one, for what is no test of KMS. */
export const testSigner = (): Signer & { readonly key: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  return {
    key,
    sign: async (text) => sign('sha256', Buffer.from(text), privateKey).toString('base64'),
    publicKey: async () => key,
  }
}
