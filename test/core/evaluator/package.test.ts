import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { bucketOf } from '#core/evaluator/bucket.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SCRIPT = `
  import { bucketOf, createEvaluator } from 'vector-rollback/evaluator'
  const read = (value) => async () => ({ value, version: 1 })
  const on = createEvaluator({ readFlag: read('true'), readRamp: read('100'), on: 'true', salt: 'SEARCH' })
  process.stdout.write(JSON.stringify([bucketOf('user-1', 'SEARCH'), await on.isEnabled('user-1')]))
`

test('an application that installs the package has the evaluator, with its types and nothing else', async () => {
  const application = await mkdtemp(join(tmpdir(), 'vector-rollback-application-'))
  onTestFinished(() => rm(application, { recursive: true, force: true }))
  const installed = join(application, 'node_modules', 'vector-rollback')
  await mkdir(installed, { recursive: true })
  const run = promisify(execFile)
  await run('npm', ['run', '--silent', 'build:evaluator'], { cwd: ROOT })
  await cp(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true })
  await cp(join(ROOT, 'package.json'), join(installed, 'package.json'))
  await writeFile(join(application, 'main.mjs'), SCRIPT)
  const { stdout } = await run(process.execPath, ['main.mjs'], { cwd: application })
  expect(JSON.parse(stdout)).toEqual([bucketOf('user-1', 'SEARCH'), true])
  await writeFile(
    join(application, 'typed.mts'),
    `import { bucketOf } from 'vector-rollback/evaluator'\nexport const bucket: string = bucketOf('a', 'b')\n`,
  )
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
  const checked = run(tsc, ['--noEmit', '--module', 'nodenext', '--strict', '--types', '', 'typed.mts'], {
    cwd: application,
  })
  await expect(checked).rejects.toMatchObject({
    stdout: expect.stringContaining("'number' is not assignable to type 'string'"),
  })
})
