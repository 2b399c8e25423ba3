import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const FOLDER = fileURLToPath(new URL('../../bench', import.meta.url))

const bench = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [`${FOLDER}/run.ts`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

test('says which benchmarks there are when none is named, one for each file', async () => {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.bench.ts'))
  const { stdout, code } = await bench('--json')
  expect(code).toBe(0)
  const listed = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => `${name}.bench.ts`)
  expect(listed).toEqual(files.sort())
  expect(listed).toContain('memory.bench.ts')
})

test('measures nothing when one of the names is not a benchmark', async () => {
  const { stdout, stderr, code } = await bench('containment', 'memroy')
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
  expect(stderr).toMatch(/"memroy": use .*\bcontainment\b.*\bmemory\b/)
})

test('ends with 2 for an option that there is not', async () => {
  expect(await bench('--fast')).toMatchObject({ stdout: '', code: 2 })
})

test.each(['0', '-1', '1.5', 'many'])('ends with 2 for --rounds=%s, and measures nothing', async (rounds) => {
  const { stdout, stderr, code } = await bench('memory', `--rounds=${rounds}`)
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
  expect(stderr).toContain(`--rounds must be a whole number from 1 on, not "${rounds}"`)
})

test('gives ratios, what they are made of, and the machine they were measured on', async () => {
  const { stdout, code } = await bench('containment', '--json', '--rounds=2')
  expect(code).toBe(0)
  const { machine, benchmarks } = JSON.parse(stdout)
  expect(machine).toMatchObject({ node: process.version, cores: expect.any(Number) })
  const [{ name, result }] = benchmarks
  expect(name).toBe('containment')
  expect(result.ratios).toContainEqual({ name: 'alarm to flag / bare PutParameter', value: expect.any(Number) })
  expect(result.ratios).toContainEqual({ name: 'alarm to proven delivery / alarm to flag', value: expect.any(Number) })
  expect(result.measurements).toContainEqual(expect.objectContaining({ what: 'alarm to flag', samples: 2 }))
})
