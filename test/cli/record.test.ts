import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SSM } from '@aws-sdk/client-ssm'
import { expect, onTestFinished, test } from 'vitest'
import { openLocalBucket } from '#local/bucket.ts'
import { EcsState } from '#local/endpoints/ecs-state.ts'
import { platformServices } from '#local/endpoints/platforms.ts'
import { setEnvironment } from '#local/environment.ts'
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

test('the versions of workloads are read where a local run left them, whatever endpoints a person has of his own', async () => {
  const step = 'previous-version: { ecs: { cluster: app, service: web } }'
  const directory = await planFolder({ 'plan.yaml': withSteps([step]), 'sql/step.sql': null })
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-record-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const platforms = join(state, 'platforms')
  await mkdir(platforms)
  platformServices({ directory: platforms, clock: { now: () => new Date() } }).loaders.ecs(
    EcsState.parse({
      'task-definitions': { 'web:41': ['repo/web:1.7.4'] },
      services: { 'app/web': { 'task-definition': 'web:41', count: 3 } },
    }),
  )
  onTestFinished(setEnvironment({ AWS_ENDPOINT_URL_ECS: 'http://127.0.0.1:1' }))
  const { code, stdout } = await cli(['record', 'small', '--plans', dirname(directory), '--state', state, '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout).services).toEqual({
    'ECS service "app/web"': { version: 'web:41', count: 3, label: 'web:41', images: ['repo/web:1.7.4'] },
  })
})

test('a plan that goes back to nothing outside its database has nothing to record, and says so', async () => {
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-record-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const { code, stdout } = await cli(['record', 'pgvector-search', '--state', state])
  expect([code, stdout]).toEqual([0, 'Nothing to record: no step of pgvector-search goes back to a recorded state.\n'])
})
