import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadPlan, type Plan, resolveFlag } from '#core/plan/load.ts'
import { ENTRIES, writePackage } from '#infra/package.ts'
import { readPlans } from '#infra/plans.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { realClock } from '#test/support/clock.ts'

const MEGABYTE = 1024 ** 2

// Far from the project's node_modules, as in Lambda: what is not in the package is not found.
let directory: string
let again: string
let metafile: Metafile
let plans: Plan[]

beforeAll(async () => {
  plans = await readPlans()
  directory = await mkdtemp(join(tmpdir(), 'vector-rollback-package-'))
  again = await mkdtemp(join(tmpdir(), 'vector-rollback-package-'))
  metafile = await writePackage(directory, plans)
  await writePackage(again, plans)
})

afterAll(async () => {
  await rm(directory, { recursive: true })
  await rm(again, { recursive: true })
})

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

/** What a function answers to an event, called as Lambda calls it, in a process of its own. */
const invoke = async (entry: string, event: unknown, environment: Record<string, string>): Promise<unknown> => {
  const script = `
    const { handler } = await import(process.argv[1])
    const context = { functionName: 'test', awsRequestId: 'test', getRemainingTimeInMillis: () => 50_000 }
    const answer = await handler(JSON.parse(process.argv[2]), context).catch(({ name, message }) => ({ name, message }))
    process.stdout.write('\\nanswer: ' + JSON.stringify(answer))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--enable-source-maps',
      '--input-type=module',
      '-e',
      script,
      join(directory, `${entry}.mjs`),
      JSON.stringify(event),
    ],
    { cwd: directory, env: { ENVIRONMENT: 'dev', ...environment } },
  )
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\nanswer: ') + '\nanswer: '.length))
}

test('the package is small, and holds nothing that only the laptop needs', async () => {
  const sizes = await Promise.all(
    (await filesIn(directory)).map(async (file) => (await stat(join(directory, file))).size),
  )
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(8 * MEGABYTE)
  const strangers =
    /node_modules\/(pgsql-parser|libpg-query|@electric-sql|jsonata|aws-cdk|esbuild|commander)|^(local|cli|infra|test)\//
  expect(Object.keys(metafile.inputs).filter((input) => strangers.test(input))).toEqual([])
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external && !path.startsWith('node:')).map(({ path }) => path),
  )
  const { builtinModules } = await import('node:module')
  expect([...new Set(outside)].filter((name) => !builtinModules.includes(name))).toEqual(['pg-native'])
})

test('every machine builds the same bytes, so that only a change is deployed', async () => {
  const files = await filesIn(directory)
  expect(await filesIn(again)).toEqual(files)
  for (const file of files)
    expect((await readFile(join(again, file))).equals(await readFile(join(directory, file))), file).toBe(true)
})

test('the plans in the package are the plans of the project, digest by digest', async () => {
  expect(plans.length).toBeGreaterThan(0)
  for (const plan of plans) expect((await loadPlan(join(directory, 'plans', plan.name))).digest).toBe(plan.digest)
})

test('every function loads without the project around it', async () => {
  const script = `
    for (const path of process.argv.slice(1))
      if (typeof (await import(path)).handler !== 'function') throw new Error(path + ' has no handler')`
  const modules = ENTRIES.map((entry) => join(directory, `${entry}.mjs`))
  const args = ['--enable-source-maps', '--input-type=module', '-e', script, ...modules]
  await promisify(execFile)(process.execPath, args, { cwd: directory, env: {} })
})

test('a function loads the adapters of its ports, and no client of another service', async () => {
  const clients = async (entry: string): Promise<string[]> => {
    const script = `
      import { registerHooks } from 'node:module'
      let text = ''
      registerHooks({ load: (url, context, next) => {
        const loaded = next(url, context)
        if (url.startsWith('file:')) text += loaded.source ?? ''
        return loaded
      } })
      await (await import(process.argv[1])).handler.ready
      const names = ['S3Client', 'SSMClient', 'SFNClient', 'SNSClient', 'KMSClient', 'CloudWatchClient']
      process.stdout.write(JSON.stringify(names.filter((name) => new RegExp('\\\\b' + name + '\\\\s*=\\\\s*class').test(text))))
      process.exit()`
    const args = ['--input-type=module', '-e', script, join(directory, `${entry}.mjs`)]
    return JSON.parse((await promisify(execFile)(process.execPath, args, { cwd: directory, env: {} })).stdout)
  }
  expect(await clients('contain')).toEqual(['SSMClient'])
  expect(await clients('probe')).toEqual([])
  expect(await clients('snapshot-part')).toEqual(['S3Client'])
  expect(await clients('on-alarm')).toEqual(['S3Client', 'SSMClient', 'SFNClient', 'SNSClient'])
})

test('on-alarm, packaged, leaves an alarm alone that has ended', async () => {
  const state = { value: 'OK', reason: 'below', timestamp: '2026-11-21T03:00:00.000+0000' }
  const event = {
    source: 'aws.cloudwatch',
    time: '2026-11-21T03:00:00.000+0000',
    alarmData: { alarmName: 'vector-rollback-dev-pgvector-search-cpu-high', state },
  }
  expect(await invoke('on-alarm', event, {})).toMatchObject([{ action: 'none', contained: null }])
})

test('contain, packaged, sets the flags that the packaged plan names', async () => {
  const [plan] = plans
  if (!plan) throw new Error('the project has a plan')
  await using state = {
    directory: await mkdtemp(join(tmpdir(), 'vector-rollback-ssm-')),
    [Symbol.asyncDispose]: () => rm(state.directory, { recursive: true }),
  }
  const endpoints = await startEndpoints({ services: [ssmService({ directory: state.directory, clock: realClock })] })
  try {
    const event = {
      request: { plan: plan.name, path: 'flag', reason: 'a test' },
      execution: { id: 'arn:aws:states:local:000000000000:execution:vector-rollback:a', name: 'a' },
    }
    const answer = await invoke('contain', event, {
      AWS_ENDPOINT_URL: endpoints.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    })
    const flags = Object.entries(plan.flags).map(([name, { safe }]) => ({
      name,
      parameter: resolveFlag(plan, name, 'dev'),
      before: null,
      after: safe,
      version: 1,
    }))
    expect(answer).toMatchObject({ changed: true, flags })
  } finally {
    await endpoints.close()
  }
})
