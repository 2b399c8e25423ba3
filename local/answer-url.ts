import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { localArn, urlEvent } from '#local/people.ts'

const FILE = 'answer-url.json'
/** Says who calls, in place of AWS. */
const NAME = 'x-vector-rollback-name'
const Replied = z.object({ statusCode: z.int(), body: z.string() })

/**
 * The function URL of a local run that waits for people. Nobody's identity is checked: whoever may read the state folder may
 * answer under any name. Its address lies there, in a file of its owner alone, and goes with `close`.
 */
export const startAnswerUrl = async (
  directory: string,
  answer: (event: object) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> => {
  const path = `/${randomBytes(16).toString('hex')}`
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent(String(request.headers[NAME] ?? ''))
    if (request.url !== path || name === '') return void response.writeHead(403).end()
    try {
      const event = { ...urlEvent(localArn(name), null, request.method), body: await text(request) }
      const { statusCode, body } = Replied.parse(await answer(event))
      response.writeHead(statusCode, { 'content-type': 'application/json' }).end(body)
    } catch (error) {
      const told = { error: 'Answer.Failed', text: error instanceof Error ? error.message : String(error) }
      response.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify(told))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const file = join(directory, FILE)
  await writeFile(file, JSON.stringify({ url: `http://127.0.0.1:${port}${path}` }), { mode: 0o600 })
  return {
    close: async () => {
      await rm(file, { force: true })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Where the run that works in a state folder takes answers, and how a person calls there; `null` when none waits. */
export const findAnswerUrl = async (
  directory: string,
  name: string,
): Promise<{ url: string; headers: Record<string, string> } | null> => {
  const found = await readFile(join(directory, FILE), 'utf8').catch(() => null)
  if (found === null) return null
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(found))
  return { url, headers: { [NAME]: encodeURIComponent(name) } }
}
