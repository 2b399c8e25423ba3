import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { SignatureV4 } from '@smithy/signature-v4'
import { LIMITS } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import { Sha256 } from '#aws/sha256.ts'

export interface Posted {
  readonly status: number
  readonly body: string
}

/**
 * A POST signed with the caller's own credentials, found as by every tool of AWS. `service` is that of the signature:
 * `lambda` for a function URL. Throws `Call.*`.
 */
export const signedPost = async (
  url: URL,
  { service, region, contentType, body }: { service: string; region: string; contentType: string; body: string },
): Promise<Posted> => {
  try {
    const signer = new SignatureV4({ service, region, credentials: defaultProvider(), sha256: Sha256 })
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname,
      query: {},
      headers: { host: url.host, 'content-type': contentType },
      body,
    })
    const signal = AbortSignal.timeout(LIMITS.idleMilliseconds * LIMITS.attempts)
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
    return { status: response.status, body: await response.text() }
  } catch (error) {
    const errors = { unreachable: 'Call.Unreachable', denied: 'Call.Denied', rejected: 'Call.Failed' } as const
    const call = { doing: `Calling "${url.origin}"`, action: 'lambda:InvokeFunctionUrl', ...errors }
    throw fromSdk(
      error,
      call,
      'Check the URL, the network, and that there are credentials (aws sts get-caller-identity).',
    )
  }
}
