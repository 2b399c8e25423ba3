import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { type Endpoints, startEndpoints } from '#local/endpoints/server.ts'

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
  readonly text: string
}

export interface Ask {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
}

/** Sends the path as it stands, which `fetch` would normalise. */
export type Send = (method: string, path: string, ask?: Ask) => Promise<Answer>

export const sender =
  (url: string): Send =>
  async (method, path, { headers = {}, body } = {}) => {
    const { hostname, port } = new URL(url)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes,
            text: bytes.toString('utf8'),
          }),
        reject,
      )
    })
    request.on('error', reject)
    request.end(body)
    return promise
  }

/** Endpoints of the test's own, with a bucket "bucket". */
export const withBucket = async (directory?: string): Promise<{ endpoints: Endpoints; send: Send }> => {
  const endpoints = await startEndpoints(directory === undefined ? {} : { directory })
  onTestFinished(() => endpoints.close())
  const send = sender(endpoints.url)
  await send('PUT', '/bucket')
  return { endpoints, send }
}

/** The text of the first element of that name. */
export const tag = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

export const tags = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text ?? '')
