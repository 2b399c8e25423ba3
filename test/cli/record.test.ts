import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SSM } from '@aws-sdk/client-ssm'
import { expect, onTestFinished, test } from 'vitest'
import { openLocalBucket } from '#local/bucket.ts'
import { planFolder } from '#test/core/plan/folder.ts'
import { withSteps } from '#test/core/recorded/world.ts'
import { cli } from './cli.ts'

const LIMIT = '/app/local/worker/LIMIT'

test('what is in service is recorded before a deployment, once each time, and read back by its key', async () => {
  const directory = await planFolder({
    'plan.yaml': withSteps(['restore-config: { path: "/app/{env}/worker/" }']),
    'sql/step.sql': null,
  })
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-record-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const local = await openLocalBucket(state)
  await new SSM().putParameter({ Name: LIMIT, Value: '10', Type: 'String' })
  await local.close()
  const args = ['record', 'small', '--plans', dirname(directory), '--state', state, '--reference', 'v1.41.0']
  const { code, stdout } = await cli([...args, '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    key: expect.stringMatching(/^recorded\/small\/\d{4}-.*Z\.json$/),
    ...{ plan: 'small', environment: 'local', reference: 'v1.41.0' },
    parameters: { folders: ['/app/local/worker/'], found: { [LIMIT]: { value: '10', version: 1 } } },
  })
  expect((await cli(args)).stdout).toMatch(/^Recorded as good: .*recorded\/small\//)
})

test('a plan that goes back to nothing outside its database has nothing to record, and says so', async () => {
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-record-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const { code, stdout } = await cli(['record', 'pgvector-search', '--state', state])
  expect([code, stdout]).toEqual([0, 'Nothing to record: no step of pgvector-search goes back to a recorded state.\n'])
})
