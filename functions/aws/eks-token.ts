import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '#aws/sha256.ts'

/** Seconds that STS takes the signature for; EKS keeps what it says for a quarter of an hour. */
const EXPIRES = 60

/**
 * A bearer token of EKS, as `aws eks get-token` makes it: a request to STS who one is, signed here and sent by the cluster. It
 * is bound to the cluster by a header of the signature, and costs no call.
 */
export const eksToken = async (cluster: string, region: string): Promise<string> => {
  const signer = new SignatureV4({ service: 'sts', region, credentials: defaultProvider(), sha256: Sha256 })
  const hostname = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  const { query = {} } = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, 'x-k8s-aws-id': cluster },
    },
    // In the query STS would not see it: whoever sends it puts it in the header again.
    { expiresIn: EXPIRES, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  )
  const url = new URL(`https://${hostname}/`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value))
  return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`
}
