import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBreaker, readBreaker, recordRun } from '#core/incident/breaker.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { openLocalBucket } from '#local/bucket.ts'
import { realClock } from '#test/support/clock.ts'
import { PLAN } from '#test/support/paths.ts'
import { cli } from './cli.ts'

const plan = PLAN as PlanName
let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vector-rollback-breaker-'))
})
afterEach(() => rm(state, { recursive: true, force: true }))

const inState = async <T>(work: (objects: Objects) => Promise<T>): Promise<T> => {
  const { objects, close } = await openLocalBucket(state)
  try {
    return await work(objects)
  } finally {
    await close()
  }
}
const breaker = (...args: string[]) => cli(['breaker', ...args, '--state', state])

describe('the breaker of a plan', () => {
  beforeEach(() =>
    inState(async (objects) => {
      for (const incident of ['one', 'two'] as IncidentId[])
        await recordRun(objects, { plan, incident, path: 'partial' }, new Date().toISOString())
    }),
  )

  test('that was never open is closed, and tells how many runs count', async () => {
    const { code, stdout } = await breaker('status', PLAN)
    expect([code, stdout]).toEqual([0, 'closed.\nAlarms started 2 of 3 runs that count in the last 24 hours.\n'])
  })

  describe('that is open', () => {
    beforeEach(() =>
      inState((objects) =>
        openBreaker(plan, { openedBy: 'three', runs: ['one', 'two'], limit: 2 }, { objects, clock: realClock }),
      ),
    )

    test('needs a person: exit code 6, and how to close it', async () => {
      const { code, stdout } = await breaker('status', PLAN)
      expect(code).toBe(6)
      expect(stdout).toContain('"three" was one too many after one, two')
      expect(stdout).toContain(`vector-rollback breaker close ${PLAN} --by`)
      const { stdout: document } = await breaker('status', PLAN, '--json')
      expect(JSON.parse(document)).toMatchObject({ state: 'open', openedBy: 'three', runs: ['one', 'two'], limit: 3 })
    })

    test('is closed by a person, once, with who and why, and counts anew', async () => {
      const close = ['close', PLAN, '--by', 'alice', '--reason', 'the job is stopped']
      expect((await breaker(...close)).code).toBe(0)
      expect(await inState((objects) => readBreaker(objects, plan))).toMatchObject({
        state: 'closed',
        closed: { by: 'alice', reason: 'the job is stopped' },
      })
      const { code, stdout } = await breaker('status', PLAN)
      expect(code).toBe(0)
      expect(stdout).toContain('"alice" closed it at')
      expect(stdout).toContain('Alarms started 0 of 3 runs')
      const again = await breaker(...close)
      expect([again.code, again.stdout]).toEqual([3, ''])
      expect(again.stderr).toContain('"alice" closed it at')
    })

    test.each([
      ['nobody', ['--by', ' ', '--reason', 'why not']],
      ['no reason', ['--by', 'alice', '--reason', '']],
    ])('is not closed by %s', async (_, options) => {
      expect((await breaker('close', PLAN, ...options)).code).toBe(2)
      expect((await breaker('status', PLAN)).code).toBe(6)
    })
  })

  test('is closed for nobody who mistypes its name', async () => {
    const { code, stderr } = await breaker('status', 'pgvector-serch')
    expect(code).toBe(2)
    expect(stderr).toContain('pgvector-search')
  })
})
