import { expect, test } from 'vitest'
import { lambdaConcurrency } from '#aws/concurrency.ts'
import { requireRoom } from '#core/before-deploy/reservation.ts'
import { lambdaService } from '#local/endpoints/lambda.ts'
import type { AccountConcurrency } from '#local/endpoints/lambda-concurrency.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

const LIMITS = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
const PROD = { environment: 'prod', concurrency: 10 }

const open = async (account: AccountConcurrency) => {
  const { faults } = await host(lambdaService({ directory: await scratch(), clock: realClock, account }))
  return { faults, concurrency: lambdaConcurrency(LIMITS) }
}

test('an account with room for containment is told what it keeps', async () => {
  const { concurrency } = await open({ limit: 1000, reserved: { 'another-function': 50 } })
  expect(await requireRoom(PROD, concurrency)).toEqual({ wanted: 20, limit: 1000, left: 930 })
})

test('a reservation that would leave less than 100 is refused before the deployment, with what to ask for', async () => {
  const { concurrency } = await open({ limit: 100, reserved: {} })
  await expect(requireRoom(PROD, concurrency)).rejects.toMatchObject({
    name: 'Concurrency.TooLittle',
    category: 'refused',
    message: expect.stringContaining("reserve 20 of the account's concurrency of 100, which would leave 80 unreserved"),
    fix: expect.stringMatching(/^Ask for more: aws service-quotas .* --quota-code L-B99A9384 --desired-value 1000$/),
  })
  const some = await open({ limit: 117, reserved: {} })
  await expect(requireRoom({ ...PROD, concurrency: 5 }, some.concurrency)).resolves.toMatchObject({ left: 107 })
  await expect(requireRoom(PROD, some.concurrency)).rejects.toMatchObject({
    fix: expect.stringMatching(/^Set containment.concurrency to 8 at most, or ask for more/),
  })
})

test('what the two functions have reserved already is theirs: an upgrade of the same size needs nothing more', async () => {
  const reserved = { 'vector-rollback-prod-contain': 10, 'vector-rollback-prod-on-alarm': 10 }
  const { concurrency } = await open({ limit: 120, reserved })
  expect(await requireRoom(PROD, concurrency)).toEqual({ wanted: 20, limit: 120, left: 100 })
  await expect(requireRoom({ ...PROD, concurrency: 11 }, concurrency)).rejects.toMatchObject({
    name: 'Concurrency.TooLittle',
  })
})

test('an account that cannot be asked is no account with room', async () => {
  const { concurrency, faults } = await open({ limit: 1000, reserved: {} })
  faults.add({ service: 'lambda', fault: { reset: true } })
  await expect(requireRoom(PROD, concurrency)).rejects.toMatchObject({
    name: 'Concurrency.Unreadable',
    category: 'unreachable',
  })
})
