import { appendFile, cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorName, scratch } from './host.ts'
import { DISTRIBUTED, gate, historyOf, ONE_TASK, WAITING, world } from './states-world.ts'

describe('after a restart', () => {
  test('executions that had ended are as they were', async () => {
    const first = await world(DISTRIBUTED, { part: (item: number) => item })
    const arn = await first.start('incident-1', { plan: 'search' })
    const result = await first.service.waitFor(arn)
    const arns = [...new Set(first.events.map(([, of]) => of))]
    const before = await Promise.all(arns.map((of) => historyOf(first.sfn, of)))
    const { $metadata: _, ...described } = await first.sfn.describeExecution({ executionArn: arn })

    const { sfn, service, start } = await world(DISTRIBUTED, {}, first.directory)
    expect(await service.waitFor(arn)).toEqual(result)
    expect(await Promise.all(arns.map((of) => historyOf(sfn, of)))).toEqual(before)
    expect(await sfn.describeExecution({ executionArn: arn })).toMatchObject(described)
    expect(await errorName(start('incident-1', { plan: 'search' }))).toBe('ExecutionAlreadyExists')
  })

  test('executions that were running are aborted, whatever was half written', async () => {
    const { promise, resolve } = gate<string>()
    const first = await world(WAITING, { ask: (token: string) => resolve(token) })
    const arn = await first.start('incident-1')
    const taskToken = await promise
    // What a killed process leaves: the files as they are at that instant.
    const directory = await scratch()
    await cp(first.directory, directory, { recursive: true })
    await appendFile(join(directory, 'incident-1', 'history.jsonl'), '{"id":6,"type":"TaskSubm')

    const { sfn, service } = await world(WAITING, {}, directory)
    const aborted = { status: 'ABORTED', error: 'Local.ProcessGone' }
    expect(await service.waitFor(arn)).toMatchObject(aborted)
    expect(await sfn.describeExecution({ executionArn: arn })).toMatchObject(aborted)
    const ids = (await historyOf(sfn, arn)).map(({ id }) => id)
    expect(ids).toEqual(Array.from(ids, (_, index) => index + 1))
    expect(await errorName(sfn.sendTaskSuccess({ taskToken, output: '{}' }))).toBe('TaskDoesNotExist')

    const third = await world(WAITING, {}, directory)
    expect(await third.service.waitFor(arn)).toMatchObject(aborted)
    expect((await historyOf(third.sfn, arn)).map(({ id }) => id)).toEqual(ids)
  })
})

test('shutting down aborts what runs, tells its functions and starts nothing more', async () => {
  const { promise, resolve } = gate<AbortSignal>()
  const { service, start, sfn, directory } = await world(ONE_TASK, {
    work: (_, signal) => {
      resolve(signal)
      return gate().promise
    },
  })
  const arn = await start('incident-1')
  const signal = await promise
  await service.close()
  expect(signal.aborted).toBe(true)
  expect(await service.waitFor(arn)).toMatchObject({ status: 'ABORTED', error: 'Local.Closed' })
  expect(await errorName(start('incident-2'))).toBe('ServiceUnavailable')
  expect((await historyOf(sfn, arn)).at(-1)?.type).toBe('ExecutionAborted')
  expect(await readdir(directory)).toEqual(['incident-1'])
})
