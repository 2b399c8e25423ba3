import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

/** More than a process of Node and four parts in flight need together, and than the limit below. */
const OBJECT_MIB = 384
const LIMIT_MIB = 320

const current = useEndpoints()

/** Runs the script in a process of its own; the most memory that it ever had, in MiB. */
const peakOf = async (script: string, work = async (_line: string) => {}) => {
  const whole = `${script}
    process.on('exit', () => console.log('peak', process.resourceUsage().maxRSS / 1024))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', whole], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  let peak = Number.NaN
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('peak ')) peak = Number(line.slice(5))
    else await work(line).finally(() => child.stdin.end())
  }
  expect(await exited).toEqual([0, null])
  return peak
}

test('an object larger than the memory it is given comes and goes through the adapter', async () => {
  const { url } = current().endpoints
  await createBucket(url, 'large')
  const peak = await peakOf(
    `
    import { s3Objects } from '#aws/objects.ts'
    const objects = s3Objects('large')
    const chunk = Buffer.alloc(1 << 20, 7)
    const { bytes } = await objects.upload('key', (async function* () { for (let n = 0; n < ${OBJECT_MIB}; n++) yield chunk })())
    let got = 0
    for await (const part of await objects.stream('key')) got += part.length
    if (got !== bytes || bytes !== ${OBJECT_MIB} << 20) throw new Error(bytes + ' up, ' + got + ' down')`,
  )
  expect(peak).toBeLessThan(LIMIT_MIB)
})

test('an object larger than the memory they are given comes and goes through the endpoints', async () => {
  const peak = await peakOf(
    `
    import { startEndpoints } from '#local/endpoints/server.ts'
    const endpoints = await startEndpoints()
    console.log(endpoints.url)
    process.stdin.on('end', () => endpoints.close()).resume()`,
    async (url) => {
      await createBucket(url, 'large')
      const chunk = new Uint8Array(1 << 20)
      const body = ReadableStream.from(
        (function* () {
          for (let n = 0; n < OBJECT_MIB; n++) yield chunk
        })(),
      )
      const put = await fetch(`${url}/large/key`, { method: 'PUT', body, duplex: 'half' })
      expect(put.status).toBe(200)
      let got = 0
      for await (const part of (await fetch(`${url}/large/key`)).body ?? []) got += part.length
      expect(got).toBe(OBJECT_MIB << 20)
    },
  )
  expect(peak).toBeLessThan(LIMIT_MIB)
})
