import { createHash, createHmac } from 'node:crypto'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { SignatureV4 } from '@smithy/signature-v4'
import { LIMITS } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'

type Data = string | ArrayBuffer | ArrayBufferView

const bytes = (data: Data): string | Uint8Array => {
  if (typeof data === 'string') return data
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}

/** SHA-256 in the shape that the signer asks for. */
class Sha256 {
  #hash
  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret))
  }
  update(data: Data): void {
    this.#hash.update(bytes(data))
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  /** Each hash is used once. */
  reset(): void {}
}

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
