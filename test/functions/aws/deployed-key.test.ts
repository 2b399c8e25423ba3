import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { handOverKey } from '#aws/deployed-key.ts'
import { kmsSigner } from '#aws/signer.ts'
import { kmsService } from '#local/endpoints/kms.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'

const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/test'

/** CloudFormation, as far as a custom resource sees it: a key, and an address that takes one answer. */
const deployment = async () => {
  await host(kmsService({ directory: await scratch(), keyArn: KEY }))
  const answers: Record<string, unknown>[] = []
  const server = createServer(async (request, response) => {
    answers.push({ method: request.method, type: request.headers['content-type'], ...JSON.parse(await text(request)) })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const send = async (RequestType: string, KeyId = KEY) => {
    const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Public' }
    await handOverKey({ RequestType, ResponseURL: address, ...ids, ResourceProperties: { KeyId } })
    return answers.at(-1)
  }
  return { send }
}

test('a deployment gets the public half of its key', async () => {
  const { send } = await deployment()
  for (const type of ['Create', 'Update'])
    expect(await send(type)).toEqual({
      method: 'PUT',
      // The address is signed without one.
      type: undefined,
      Status: 'SUCCESS',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Public',
      PhysicalResourceId: KEY,
      Data: { PublicKey: await kmsSigner(KEY).publicKey() },
    })
})

test('a deployment is told at once that there is no such key, and goes away without asking for it', async () => {
  const { send } = await deployment()
  expect(await send('Create', `${KEY}-2`)).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('does not exist'),
  })
  expect(await send('Delete', `${KEY}-2`)).toMatchObject({ Status: 'SUCCESS' })
})
