import { kmsSigner } from '#aws/signer.ts'

/** What CloudFormation sends to a custom resource, as far as it is read. */
interface DeploymentEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete'
  readonly ResponseURL: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly ResourceProperties: { readonly KeyId: string }
}

/**
 * Hands the public half of a key to the deployment, which CloudFormation cannot read by itself: the steps that check
 * signatures get it as a setting, since they reach no KMS. Always answers: a deployment would wait an hour for one that does
 * not come.
 */
export const handOverKey = async (event: unknown): Promise<void> => {
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, ResourceProperties } =
    event as DeploymentEvent
  const { KeyId } = ResourceProperties
  const common = { StackId, RequestId, LogicalResourceId, PhysicalResourceId: KeyId }
  const answer = await (RequestType === 'Delete' ? Promise.resolve('') : kmsSigner(KeyId).publicKey()).then(
    (PublicKey) => ({ ...common, Status: 'SUCCESS', Data: { PublicKey } }),
    (error: unknown) => ({
      ...common,
      Status: 'FAILED',
      Reason: error instanceof Error ? error.message : String(error),
    }),
  )
  // Signed by S3 for a PUT without a content type.
  const { status } = await fetch(ResponseURL, { method: 'PUT', body: Buffer.from(JSON.stringify(answer)) })
  if (status !== 200) throw new Error(`CloudFormation did not take the answer: HTTP ${status}`)
}
