import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimLease, releaseLease } from '#core/incident/lease.ts'
import type { Run } from '#core/incident/run.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import type { Executions, Objects } from '#core/ports.ts'
import { openLocalBucket } from '#local/bucket.ts'
import { lambdaService } from '#local/endpoints/lambda.ts'
import { host } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'
import { createBucket } from '#test/support/endpoints.ts'
import { PLAN } from '#test/support/paths.ts'
import { cli } from './cli.ts'

let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'vector-rollback-guard-'))
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
const guard = (...args: string[]) => cli(['guard', '--state', state, ...args])

test('holds a deployment while an incident is open, by name, and lets it go on afterwards', async () => {
  const claimant = { plan: PLAN as PlanName, incident: 'an-incident' as IncidentId, execution: 'an-execution' }
  const claimed = await inState((objects) =>
    claimLease(claimant, { objects, clock: realClock, executions: {} as Executions }),
  )
  const held = await guard()
  expect(held.code).toBe(4)
  expect(held.stdout).toContain(`${PLAN}: incident an-incident is open since `)
  expect(JSON.parse((await guard('--json')).stdout)).toMatchObject({ open: [{ incident: 'an-incident' }] })
  if (!claimed.held) throw new Error('nobody else claims it')
  await inState((objects) =>
    releaseLease({ ...claimant, epoch: claimed.lease.epoch } as unknown as Run, { objects, clock: realClock }),
  )
  expect(await guard()).toMatchObject({ code: 0, stdout: 'No incident is open.\n' })
})

test('with cdk.json, also holds a deployment that the concurrency of the account would fail half way', async () => {
  const file = join(state, 'cdk.json')
  const environments = {
    prod: { containment: { concurrency: 10 } },
    staging: {},
    wrong: { containment: { concurrency: 1 } },
  }
  await writeFile(file, JSON.stringify({ context: { environments } }))
  const reserved = { 'vector-rollback-staging-contain': 10, 'vector-rollback-staging-on-alarm': 10 }
  const account = { limit: 125, reserved }
  const { url } = await host(lambdaService({ directory: state, clock: realClock, account }))
  await createBucket(url, 'rollback')
  const asked = (environment: string) =>
    cli(['guard', '--bucket', 'rollback', '--environment', environment, '--cdk', file])
  const held = await asked('prod')
  expect(held).toMatchObject({ code: 3, stdout: '' })
  expect(held.stderr).toMatch(/reserve 20 of the account's concurrency of 125, which would leave 85/)
  expect(await asked('staging')).toMatchObject({
    code: 0,
    stdout: `No incident is open.\nContainment reserves 20 of the account's concurrency of 125; 105 are left to everything else.\n`,
  })
  for (const environment of ['prdo', 'wrong']) {
    const mistaken = await asked(environment)
    expect(mistaken).toMatchObject({ code: 2, stdout: '' })
    expect(mistaken.stderr).toContain(file)
  }
})
