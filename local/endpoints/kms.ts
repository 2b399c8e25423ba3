import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeDurably } from './durable-file.ts'
import { ApiError, jsonService, operation } from './json-protocol.ts'
import type { Service } from './service.ts'

const MAX_BYTES = 4_096
const KeyId = z.string().min(1)

/**
 * KMS: Sign and GetPublicKey of one key, ECC_NIST_P256. It is made at the first use and kept in `<directory>/key.pem`:
 * what was approved in this directory stays approved, and in no other.
 */
export const kmsService = ({ directory, keyArn }: { directory: string; keyArn: string }): Service => {
  let kept: KeyObject | undefined
  const keyOf = (id: string): KeyObject => {
    if (id !== keyArn) throw new ApiError('NotFoundException', `Key '${id}' does not exist`)
    kept ??= readOrMake(join(directory, 'key.pem'))
    return kept
  }
  return jsonService({
    name: 'kms',
    target: 'TrentService',
    version: '1.1',
    key: (input) => z.object({ KeyId }).safeParse(input).data?.KeyId ?? null,
    operations: {
      Sign: operation(
        z.strictObject({
          KeyId,
          Message: z.base64(),
          MessageType: z.literal('RAW'),
          SigningAlgorithm: z.literal('ECDSA_SHA_256'),
        }),
        ({ KeyId, Message, SigningAlgorithm }) => {
          const key = keyOf(KeyId)
          const message = Buffer.from(Message, 'base64')
          if (message.length === 0 || message.length > MAX_BYTES)
            throw new ApiError('ValidationException', `Message has ${message.length} bytes, not 1 to ${MAX_BYTES}`)
          return { KeyId, Signature: sign('sha256', message, key).toString('base64'), SigningAlgorithm }
        },
      ),
      GetPublicKey: operation(z.strictObject({ KeyId }), ({ KeyId }) => ({
        KeyId,
        PublicKey: createPublicKey(keyOf(KeyId)).export({ type: 'spki', format: 'der' }).toString('base64'),
        KeySpec: 'ECC_NIST_P256',
        KeyUsage: 'SIGN_VERIFY',
        SigningAlgorithms: ['ECDSA_SHA_256'],
      })),
    },
  })
}

const readOrMake = (path: string): KeyObject => {
  try {
    return createPrivateKey(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return privateKey
}
