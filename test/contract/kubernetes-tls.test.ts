import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { kubernetes } from '#aws/kubernetes.ts'
import { selfSigned } from '#test/support/certificate.ts'
import { pointSdkAt } from '#test/support/endpoints.ts'

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return (server.address() as AddressInfo).port
}

/** An EKS whose one cluster answers with TLS, and says of itself what it is given. */
const cluster = async (say: (port: number) => { endpoint: string; ca: string }, key: string, certificate: string) => {
  const tokens: string[] = []
  const api = createServer({ key, cert: certificate }, (request, response) => {
    tokens.push(request.headers.authorization ?? '')
    response.writeHead(200, { connection: 'close' }).end('{"kind":"Status"}')
  })
  const { endpoint, ca } = say(await listen(api))
  const eks = createHttp((_, response) => {
    const data = Buffer.from(ca).toString('base64')
    const body = { cluster: { name: 'main', status: 'ACTIVE', endpoint, certificateAuthority: { data } } }
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body))
  })
  onTestFinished(pointSdkAt(`http://127.0.0.1:${await listen(eks)}`))
  const limits = { connectMilliseconds: 5_000, idleMilliseconds: 5_000, attempts: 1 }
  const call = () => kubernetes(limits).call({ cluster: 'main', method: 'GET', path: '/version', doing: 'Asking' })
  return { call, tokens }
}

test('a cluster is believed by the authority that EKS names, and by no other', async () => {
  const [ours, another] = [selfSigned(), selfSigned()]
  const good = await cluster(
    (port) => ({ endpoint: `https://127.0.0.1:${port}`, ca: ours.certificate }),
    ours.key,
    ours.certificate,
  )
  expect((await good.call()).status).toBe(200)
  expect(good.tokens).toEqual([expect.stringMatching(/^Bearer k8s-aws-v1\./)])
  const bad = await cluster(
    (port) => ({ endpoint: `https://127.0.0.1:${port}`, ca: another.certificate }),
    ours.key,
    ours.certificate,
  )
  await expect(bad.call()).rejects.toMatchObject({ name: 'Workload.Unreachable' })
  // The token would be whoever stands in between's.
  expect(bad.tokens).toEqual([])
})

test('a cluster without TLS is not called, wherever it says it is', async () => {
  const { key, certificate } = selfSigned()
  const { call, tokens } = await cluster(
    () => ({ endpoint: 'http://cluster.example.com', ca: certificate }),
    key,
    certificate,
  )
  await expect(call()).rejects.toMatchObject({ name: 'Workload.Rejected' })
  expect(tokens).toEqual([])
})
