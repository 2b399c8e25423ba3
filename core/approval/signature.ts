import { createPublicKey, verify } from 'node:crypto'
import type { ApprovalAnswer } from '#core/approval/approval.ts'
import { digestOf } from '#core/json.ts'
import type { Signer } from '#core/ports.ts'

type Unsigned = Omit<ApprovalAnswer, 'signature'>

/** The version is part of what is signed: a key that signs something else some day signs no answer by it. */
const textOf = ({ signature: _, ...answer }: Unsigned & { signature?: string }): string =>
  digestOf({ what: 'vector-rollback approval, version 1', answer })

/** Puts the deployment's signature under an answer: everything in it, the incident and the identity included. */
export const signed = async (answer: Unsigned, signer: Signer): Promise<ApprovalAnswer> => ({
  ...answer,
  signature: await signer.sign(textOf(answer)),
})

/**
 * Whether the deployment's key signed the answer as it stands. Whoever may write to the bucket can put an answer there; only the
 * function that has asked AWS who is calling can sign one. Checked without any call, since the steps that destroy reach no
 * other service than database and bucket.
 */
export const isSigned = (answer: ApprovalAnswer, publicKey: string): boolean => {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify('sha256', Buffer.from(textOf(answer)), key, Buffer.from(answer.signature, 'base64'))
}
