import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { postgres } from '#aws/postgres.ts'

/** `AuthenticationCleartextPassword`, as RDS asks for an IAM token (PostgreSQL, "Message Formats"). */
const ASK_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])

afterEach(() => {
  vi.unstubAllEnvs()
})

test("signs in with a token of the function's role, made for this host, port and user", async () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_SESSION_TOKEN', 'session')
  const passwords: string[] = []
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(ASK_PASSWORD)
      socket.once('data', (message) => {
        passwords.push(message.subarray(5, -1).toString())
        socket.destroy()
      })
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port from the operating system')

  const database = postgres({ url: `postgresql://rollback@127.0.0.1:${address.port}/prod`, iam: true })
  const session = database.session({ applicationName: 'vector-rollback:iam' }, async () => 'connected')
  await expect(session).rejects.toMatchObject({ name: 'Postgres.Unreachable' })
  server.close()

  const token = new URL(`https://${passwords[0]}`)
  expect(token.host).toBe(`127.0.0.1:${address.port}`)
  expect(Object.fromEntries(token.searchParams)).toMatchObject({
    Action: 'connect',
    DBUser: 'rollback',
    'X-Amz-Expires': '900',
    'X-Amz-Credential': expect.stringMatching(/^AKIDEXAMPLE\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/),
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})
