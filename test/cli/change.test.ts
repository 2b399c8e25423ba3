import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newestChange } from '#core/decide/change.ts'
import { openLocalBucket } from '#local/bucket.ts'
import { cli } from './cli.ts'

const stateFolder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-change-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
const change = (state: string, plan: string, kind = 'deployment') =>
  cli(['change', '--plan', plan, '--kind', kind, '--reference', 'v1.42.0', '--state', state, '--json'])

test.each(['pgvector-search', 'all'])('a change of %s explains a signal of the plan from then on', async (plan) => {
  const state = await stateFolder()
  const { code, stdout } = await change(state, plan)
  expect(code).toBe(0)
  const { key, at } = JSON.parse(stdout)
  expect(key).toBe(`changes/${plan}/${at}.json`)
  const { objects, close } = await openLocalBucket(state)
  const found = (shift: number, window = 7_200_000) =>
    newestChange(objects, 'pgvector-search', { at: new Date(Date.parse(at) + shift).toISOString(), window })
  try {
    expect(await found(0)).toEqual({ plan, kind: 'deployment', reference: 'v1.42.0', at })
    expect(await found(7_200_000)).not.toBeNull()
    expect(await found(7_200_001)).toBeNull()
    // What came after a signal did not cause it.
    expect(await found(-1)).toBeNull()
    // Over several midnights.
    expect(await found(3 * 86_400_000, 4 * 86_400_000)).not.toBeNull()
  } finally {
    await close()
  }
})

test('a marker that was written by hand counts, with and without milliseconds, and whatever stands in it', async () => {
  const state = await stateFolder()
  const { objects, close } = await openLocalBucket(state)
  try {
    await objects.write('changes/pgvector-search/2026-11-21T02:00:00Z.json', 'not JSON')
    const at = '2026-11-21T03:00:00.000Z'
    expect(await newestChange(objects, 'pgvector-search', { at, window: 7_200_000 })).toMatchObject({
      at: '2026-11-21T02:00:00.000Z',
      reference: 'see changes/pgvector-search/2026-11-21T02:00:00Z.json',
    })
    await objects.write('changes/all/yesterday.json', '{}')
    expect(await newestChange(objects, 'other', { at, window: 7_200_000 })).toBeNull()
  } finally {
    await close()
  }
})

test('a change of a plan that is not there, or of a kind that is none, is refused', async () => {
  const state = await stateFolder()
  expect(await change(state, 'pgvector-saerch')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean "pgvector-search"?'),
  })
  expect((await change(state, 'all', 'holiday')).code).toBe(2)
})
