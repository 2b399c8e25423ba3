import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLocalBucket } from '#local/bucket.ts'
import { cli } from './cli.ts'

const PLAN = 'pgvector-search'
const WHO = ['--by', 'Ada', '--reason', 'the DBA works on it']
let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vector-rollback-switch-'))
  // A run has been there.
  await (await openLocalBucket(state)).close()
})
afterEach(() => rm(state, { recursive: true, force: true }))

const here = (...args: string[]) => cli(['switch', ...args, '--state', state])
const shown = async (...args: string[]) => {
  const { code, stdout } = await here('show', ...args, '--json')
  expect(code).toBe(0)
  return (JSON.parse(stdout) as { switches: Record<string, unknown> }).switches
}

test('stops a plan, shows by whom and why, and releases it', async () => {
  expect(await shown(PLAN)).toEqual({ all: null, [PLAN]: null })
  const stopped = await here('stop', PLAN, ...WHO)
  expect([stopped.code, stopped.stderr]).toEqual([0, ''])
  expect(stopped.stdout).toMatch(/STOPPED .* Ada +the DBA works on it/)
  expect(await shown()).toMatchObject({
    all: null,
    [PLAN]: { stopped: true, by: 'Ada', reason: 'the DBA works on it', at: expect.stringMatching(/^\d{4}-/) },
  })
  expect((await here('release', PLAN, '--by', 'Grace', '--reason', 'done')).code).toBe(0)
  expect(await shown(PLAN)).toMatchObject({ [PLAN]: { stopped: false, by: 'Grace' } })
})

test('stops every plan at once', async () => {
  expect((await here('stop', '--all', ...WHO)).code).toBe(0)
  expect(await shown('--all')).toMatchObject({ all: { stopped: true } })
  expect((await here('show')).stdout).toContain('every plan')
})

test.each([
  ['a plan that is not there', ['stop', 'pgvector-serch', ...WHO], 'Did you mean "pgvector-search"?'],
  ['neither a plan nor --all', ['stop', ...WHO], '"--all"'],
  ['both', ['release', PLAN, '--all', ...WHO], '"--all"'],
  ['nobody who stops it', ['stop', PLAN, '--reason', 'x'], '--by'],
  ['no reason', ['stop', PLAN, '--by', 'Ada'], '--reason'],
])('%s: exit code 2, and nothing is stopped', async (_, args, named) => {
  const { code, stdout, stderr } = await here(...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(named)
  expect(await shown(PLAN)).toEqual({ all: null, [PLAN]: null })
})
