import { SSM } from '@aws-sdk/client-ssm'
import { expect, test } from 'vitest'
import { ssmFlagHistory } from '#aws/flag-history.ts'
import type { FlagPath } from '#core/names.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { steppedClock } from '#test/support/clock.ts'

const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
const FLAG = '/app/prod/SEARCH_ENABLED' as FlagPath

const open = async () => {
  const clock = steppedClock()
  const { faults } = await host(ssmService({ directory: await scratch(), clock }))
  const ssm = new SSM({ maxAttempts: 1 })
  const write = (Value: string) => ssm.putParameter({ Name: FLAG, Value, Type: 'String', Overwrite: true })
  return { history: ssmFlagHistory(PATIENT), clock, faults, write }
}

test('every value that a flag had is there with its time and its author, oldest first, over more than one page', async () => {
  const { history, clock, write } = await open()
  const start = clock.now().getTime()
  for (let i = 0; i < 60; i++) {
    await write(i % 2 === 0 ? 'true' : 'false')
    clock.step(1_000)
  }
  const changes = await history.changes(FLAG)
  expect(changes).toHaveLength(60)
  expect(changes.slice(0, 2)).toEqual([
    { at: new Date(start).toISOString(), value: 'true', by: expect.stringMatching(/^arn:/) },
    { at: new Date(start + 1_000).toISOString(), value: 'false', by: expect.stringMatching(/^arn:/) },
  ])
})

test('a flag that does not exist has no history', async () => {
  const { history } = await open()
  expect(await history.changes(FLAG)).toEqual([])
})

test('a history that cannot be read is an error by name', async () => {
  const { history, faults } = await open()
  faults.add({ service: 'ssm', operation: 'GetParameterHistory', fault: { status: 503 } })
  await expect(history.changes(FLAG)).rejects.toMatchObject({ name: 'Flag.Unreadable', category: 'unreachable' })
})
