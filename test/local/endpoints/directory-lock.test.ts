import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { scratch } from './host.ts'

/** Another process that has the lock when this resolves. */
const holder = async (directory: string) => {
  const script = `
    import { lockDirectory } from '#local/endpoints/directory-lock.ts'
    await lockDirectory(process.argv[1])
    console.log('locked')
    setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test('refuses a directory that a live process has, by its number', async () => {
  const directory = await scratch()
  const child = await holder(directory)
  await expect(lockDirectory(directory)).rejects.toMatchObject({
    name: 'State.InUse',
    category: 'busy',
    message: expect.stringMatching(new RegExp(`"${directory}" is in use by process ${child.pid}`)),
  })
})

test('takes over from a process that was killed', async () => {
  const directory = await scratch()
  const child = await holder(directory)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const release = await lockDirectory(directory)
  await release()
})

test('gives a released directory to the next one, and leaves one small file', async () => {
  const directory = join(await scratch(), 'new', 'folder')
  const release = await lockDirectory(directory)
  await expect(lockDirectory(directory)).rejects.toMatchObject({ name: 'State.InUse' })
  await release()
  const again = await lockDirectory(directory)
  await expect(lockDirectory(directory)).rejects.toMatchObject({ name: 'State.InUse' })
  await again()
  expect(await readdir(directory)).toHaveLength(1)
})

test('lets one of many take over a dead process’s lock', async () => {
  const directory = await scratch()
  const child = await holder(directory)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const claims = await Promise.allSettled(Array.from({ length: 25 }, () => lockDirectory(directory)))
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const claim of claims) {
    if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ name: 'State.InUse' })
    else await claim.value()
  }
})

test.skipIf(!existsSync('/proc/self/stat'))(
  'does not take a new process with an old number for the owner',
  async () => {
    const directory = await scratch()
    await lockDirectory(directory)
    const [name = ''] = await readdir(directory)
    const owner = JSON.parse(await readFile(join(directory, name), 'utf8'))
    await writeFile(join(directory, name), JSON.stringify({ ...owner, started: `${owner.started}0` }))
    const release = await lockDirectory(directory)
    await release()
  },
)
