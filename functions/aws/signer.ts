import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms'
import type { Limits } from '#aws/clients.ts'
import { kmsClient } from '#aws/kms-client.ts'
import { type CallErrors, fromSdk } from '#aws/sdk-errors.ts'
import type { Signer } from '#core/ports.ts'

const ERRORS = {
  unreachable: 'Signer.Unreachable',
  denied: 'Signer.Denied',
  rejected: 'Signer.Rejected',
} as const satisfies Partial<CallErrors>

const FIX = 'Check the ARN of the key: it has to sign and verify, with ECC_NIST_P256, and must not be disabled.'

/** A key of KMS, which nobody can read: whoever may sign stands in its policy. `keyId` may be asked for at each call. */
export const kmsSigner = (keyId: string | (() => string), limits?: Limits): Signer => {
  const key = () => (typeof keyId === 'string' ? keyId : keyId())
  return {
    async sign(text) {
      const KeyId = key()
      try {
        const sign = new SignCommand({
          KeyId,
          Message: Buffer.from(text, 'utf8'),
          MessageType: 'RAW',
          SigningAlgorithm: 'ECDSA_SHA_256',
        })
        const { Signature } = await kmsClient(limits).send(sign)
        return Buffer.from(Signature ?? []).toString('base64')
      } catch (error) {
        throw fromSdk(error, { ...ERRORS, doing: `Signing with "${KeyId}"`, action: 'kms:Sign' }, FIX)
      }
    },
    async publicKey() {
      const KeyId = key()
      try {
        const { PublicKey } = await kmsClient(limits).send(new GetPublicKeyCommand({ KeyId }))
        return Buffer.from(PublicKey ?? []).toString('base64')
      } catch (error) {
        throw fromSdk(error, { ...ERRORS, doing: `Reading "${KeyId}"`, action: 'kms:GetPublicKey' }, FIX)
      }
    },
  }
}
